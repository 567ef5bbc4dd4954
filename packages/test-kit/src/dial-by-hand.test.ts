import { contactWay, Dialer, type DialInput, type DialOutput, identityFromSeed } from '@kith/protocol'
import { expect, test } from 'vitest'
import { contactAddress, DialByHand, type DialMessage, seededRandom } from './index.ts'
import { isKeyWork, KeyHolder } from './key-holder.ts'

const NOW = 1_795_348_800_000
const random = seededRandom(2)
const [attacker, victim] = [identityFromSeed(random(32)), identityFromSeed(random(32))]
const description = {
  fingerprint: random(32),
  iceUfrag: 'abcd',
  icePwd: 'p'.repeat(22),
  setup: 'actpass',
  sctpPort: 5000,
  maxMessageSize: 262_144,
} as const

/** The victim's machine, and what it does. */
function machine() {
  const dialer = new Dialer({ id: victim.id, instance: random(16), random }, NOW)
  const keys = new KeyHolder(victim, random)
  /** Until it has nothing more to do; returns what the driver would have to do. */
  const give = async (input: DialInput): Promise<DialOutput[]> => {
    const outputs: DialOutput[] = []
    dialer.handle(input, NOW)
    for (let output = dialer.poll(); output !== undefined; output = dialer.poll()) {
      if (isKeyWork(output)) dialer.handle(await keys.answer(output), NOW)
      else outputs.push(output)
    }
    return outputs
  }
  return { give }
}

test('knocks, is answered, and says what a caller may not: the dial ends with a violation', async () => {
  const { give } = machine()
  const { route } = await contactAddress(attacker, 'theirs', victim.id, 'memory', NOW)
  const dial = new DialByHand(0, { identity: attacker, random, way: contactWay(attacker.id, victim.id), route })
  const doorstep = { ...route, way: contactWay(victim.id, attacker.id) }

  const knocked = await give({ type: 'knocked', doorstep, envelope: await dial.knock({ protocols: ['/chat/v1'] }) })
  expect(knocked).toMatchObject([{ type: 'knock', from: attacker.id, protocols: ['/chat/v1'] }])
  await give({ type: 'verdict', dial: -1, verdict: { type: 'offer', replyAddress: random(32) } })
  const sent = (await give({ type: 'described', dial: -1, description })).find((output) => output.type === 'send')
  if (sent?.type !== 'send') throw new Error('nothing was sent')
  expect(await dial.readAccept(sent.envelope)).toMatchObject({ type: 'offer', description })

  const candidates: DialMessage = { type: 'candidates', candidates: [] }
  const [early] = dial.say(candidates)
  if (early === undefined) throw new Error('no envelope')
  const outputs = await give({ type: 'replied', dial: -1, origin: 'memory', envelope: early })
  expect(outputs).toMatchObject([{ type: 'ended', error: { code: 'peer-violation' } }, { type: 'unbind' }])
})

test('is knocked at, and its own offer is what the caller describes', async () => {
  const { give } = machine()
  const { route } = await contactAddress(attacker, 'ours', victim.id, 'memory', NOW)
  const way = contactWay(victim.id, attacker.id)
  const outputs = await give({
    type: 'dial',
    dial: 1,
    way,
    routes: [route],
    replies: [{ origin: route.origin, address: random(32) }],
    protocols: ['/chat/v1'],
    timeoutMs: 10_000,
  })
  const knock = outputs.find((output) => output.type === 'send')
  if (knock?.type !== 'send') throw new Error('no knock')
  const dial = new DialByHand(1, { identity: attacker, random, way: contactWay(attacker.id, victim.id), route })
  expect(await dial.readKnock(knock.envelope)).toMatchObject({ protocols: ['/chat/v1'] })
  const envelope = await dial.accept({ type: 'offer', replyAddress: random(32), instance: random(16), description })
  const asked = await give({ type: 'replied', dial: 1, origin: 'memory', envelope })
  expect(asked).toMatchObject([{ type: 'describe', remote: description }])
})

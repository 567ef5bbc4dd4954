import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { World } from '../../../test-kit/src/dial-world.ts'
import { candidateFrom } from '../../../test-kit/src/dialling-person.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { CANDIDATES_MAX } from '../limits.ts'
import { Exchange } from './exchange.ts'
import { confirmation } from './proof.ts'

test('a confirmation is HMAC(k_bind, "kith/1/confirm" ‖ role ‖ own ‖ peer), by another implementation', () => {
  const random = seededRandom(1)
  const [key, own, peer] = [random(32), random(32), random(32)]
  for (const role of [0, 1] as const) {
    const expected = createHmac('sha256', key).update('kith/1/confirm').update(Uint8Array.of(role)).update(own).update(peer)
    expect(confirmation(key, role, own, peer)).toEqual(new Uint8Array(expected.digest()))
  }
})

test.each(['inviter', 'guest'])('an invitation in which the %s forges the proof comes to nothing', async (who) => {
  const world = new World(2)
  const inviter = world.person(`${who === 'inviter' ? 'forging' : 'honest'}-inviter`)
  const guest = world.person(`${who === 'guest' ? 'forging' : 'honest'}-guest`)
  const forger = (who === 'inviter' ? inviter : guest).identity as { sign(message: Uint8Array): Promise<Uint8Array> }
  forger.sign = async () => new Uint8Array(64).fill(7)
  const secret = world.random(16)
  inviter.invite(secret)
  const accepting = guest.accept(secret, inviter)
  await world.run(30_000)
  expect([inviter.connections, guest.connections]).toEqual([[], []])
  const [ended, other] = who === 'inviter' ? [accepting, inviter.incoming[0]!] : [inviter.incoming[0]!, accepting]
  expect(ended.end).toBe('peer-violation')
  expect(other.end).toBeDefined()
  expect(inviter.incoming[0]!.outputs.some((output) => output.type === 'proved')).toBe(false)
})

test('of the candidates of many messages twenty are taken', () => {
  const exchange = new Exchange({} as never, '', new Uint8Array(), () => undefined)
  const fifteen = Array.from({ length: 15 }, () => candidateFrom(seededRandom(4)))
  expect(exchange.admitCandidates(fifteen)).toHaveLength(15)
  expect(exchange.admitCandidates(fifteen)).toHaveLength(CANDIDATES_MAX - 15)
  expect(exchange.admitCandidates(fifteen)).toHaveLength(0)
})

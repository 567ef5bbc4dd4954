import { identityFromSeed } from '@kith/protocol'
import { expect, test } from 'vitest'
import { messages } from '../../sdk/src/index.ts'
import { person } from '../../sdk/src/people.testing.ts'
import { awaitPeer, dialPeer, frames } from './index.ts'

const stranger = () => identityFromSeed(crypto.getRandomValues(new Uint8Array(32)))

test('calls a real peer, talks to its handler, and breaks a rule', async () => {
  const [victim, me] = [await person(), stranger()]
  await victim.contacts.add({ id: me.id, name: 'Mallory' })
  const texts: string[] = []
  victim.handle('/chat/v1', async (stream) => {
    for await (const message of messages(stream)) texts.push(message.text())
  })
  using rtc = await dialPeer(victim, me)
  await rtc.link.greet()
  const { link } = rtc
  // A length and the text: what messages() reads.
  link.bytes('bulk', frames.open(1, '/chat/v1', Uint8Array.of(2, 0x68, 0x69)))
  expect(await link.frames.next(({ type }) => type === 'accept')).toMatchObject({ stream: 1 })
  await expect.poll(() => texts).toEqual(['hi'])
  const closed = victim.connections.get(me.id)?.closed
  link.bytes('bulk', frames.data(79, Uint8Array.of(1)))
  await expect(closed).rejects.toMatchObject({ code: 'peer-violation' })
  await victim.close()
})

test('is called by a real peer', async () => {
  const [victim, me] = [await person(), stranger()]
  await victim.contacts.add({ id: me.id, name: 'Mallory' })
  const awaited = awaitPeer(victim, me)
  const connecting = victim.connect(me.id)
  using rtc = await awaited
  await rtc.link.greet()
  expect((await connecting).remote).toBe(me.id)
  await victim.close()
})

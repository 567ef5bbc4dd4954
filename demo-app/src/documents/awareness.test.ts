import { expect, test } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { type Sources, shareAwareness } from './awareness.ts'
import type { AwarenessChannel } from './awareness-channel.ts'
import { channelPair, type TestChannel, until } from './channel.test-kit.ts'

function overTest(end: TestChannel): AwarenessChannel {
  return {
    incoming: (async function* () {
      for await (const { data } of end) yield data
    })(),
    send: (_, make) => void end.send(make()).catch(() => undefined),
    close: () => end.cut(),
  }
}

interface Someone {
  readonly awareness: Awareness
  readonly sources: Sources
}

function someone(name: string): Someone {
  const awareness = new Awareness(new Y.Doc())
  awareness.setLocalState({ user: { name } })
  return { awareness, sources: new Map() }
}

function connect(a: Someone, b: Someone): TestChannel {
  const [left, right] = channelPair()
  void shareAwareness(a.awareness, overTest(left), a.sources).catch(() => undefined)
  void shareAwareness(b.awareness, overTest(right), b.sources).catch(() => undefined)
  return left
}

const seenBy = ({ awareness }: Someone) => [...awareness.getStates().values()].map(({ user }) => user.name).sort()

test('people see each other, also through another, and are gone with the way to them', async () => {
  const [ada, grace, linus] = [someone('Ada'), someone('Grace'), someone('Linus')]
  connect(ada, grace)
  const line = connect(grace, linus)
  await until(() => seenBy(ada).length === 3 && seenBy(linus).length === 3)
  expect(seenBy(ada)).toEqual(['Ada', 'Grace', 'Linus'])
  line.cut()
  await until(() => seenBy(ada).length === 2 && seenBy(linus).length === 1)
  expect(seenBy(ada)).toEqual(['Ada', 'Grace'])
  // The same page, a while later: the two see each other again at once, though neither has moved.
  connect(grace, linus)
  await until(() => seenBy(ada).length === 3 && seenBy(linus).includes('Grace'))
  for (const { awareness } of [ada, grace, linus]) awareness.destroy()
})

test('of two ways to one person, one that ends takes them nowhere', async () => {
  const [ada, grace] = [someone('Ada'), someone('Grace')]
  const one = connect(ada, grace)
  const two = connect(ada, grace)
  await until(() => seenBy(ada).length === 2 && seenBy(grace).length === 2)
  one.cut()
  grace.awareness.setLocalStateField('cursor', 1)
  await until(() => [...ada.awareness.getStates().values()].some((state) => state.cursor === 1))
  expect(seenBy(ada)).toEqual(['Ada', 'Grace'])
  two.cut()
  await until(() => seenBy(ada).length === 1 && seenBy(grace).length === 1)
  for (const { awareness } of [ada, grace]) awareness.destroy()
})

test('whoever leaves the document is gone at once', async () => {
  const [ada, grace] = [someone('Ada'), someone('Grace')]
  connect(ada, grace)
  await until(() => seenBy(ada).length === 2)
  grace.awareness.setLocalState(null)
  await until(() => seenBy(ada).length === 1)
  for (const { awareness } of [ada, grace]) awareness.destroy()
})

test.each([
  ['nothing', new Uint8Array()],
  ['two people', new Uint8Array([2, 1, 1, 1, 48, 2, 1, 1, 48])],
  ['no JSON', new Uint8Array([1, 1, 1, 2, 123, 123])],
])('%s: the channel ends', async (_, data) => {
  const ada = someone('Ada')
  const [left, right] = channelPair()
  const sharing = shareAwareness(ada.awareness, overTest(left), ada.sources)
  await right.send(data)
  await expect(sharing).rejects.toMatchObject({ code: 'peer-violation' })
  ada.awareness.destroy()
})

import { parsePeerId } from '@kith/sdk'
import { createEncoder, toUint8Array, writeVarString, writeVarUint } from 'lib0/encoding'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { seededRandom } from '../../../packages/test-kit/src/random.ts'
import { AWARENESS_MAX_BYTES, AwarenessSharing, encodeMine } from './awareness.ts'
import type { AwarenessChannel } from './awareness-channel.ts'
import { NAME_MAX_LENGTH, othersIn } from './awareness-state.ts'

const ADA = parsePeerId('12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X')
const GRACE = parsePeerId('12D3KooWH3uVF6wv47WnArKHk5p6cvgCJEb74UTmxztmQDc298L3')
const MALLORY = parsePeerId('12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo')

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** The text that everybody has. */
const written = (() => {
  const doc = new Y.Doc()
  doc.getText('text').insert(0, 'Some text to be in.')
  return Y.encodeStateAsUpdate(doc)
})()

const text = (awareness: Awareness) => awareness.doc.getText('text')

function someone(name: string) {
  const awareness = new Awareness(new Y.Doc())
  Y.applyUpdate(awareness.doc, written)
  awareness.setLocalState({ user: { name } })
  const sharing = new AwarenessSharing(awareness)
  const moveTo = (index: number) => {
    const position = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text(awareness), index))
    awareness.setLocalStateField('cursor', { anchor: position, head: position })
  }
  return { awareness, sharing, moveTo }
}
type Someone = ReturnType<typeof someone>

/** What goes from one to the other, each datagram on its own. */
class Way {
  sent = 0
  bytesMax = 0
  readonly #queue: Uint8Array[] = []
  #isOver = false
  #wake: () => void = () => undefined

  constructor(readonly delayMs: () => number | undefined) {}

  send(data: Uint8Array): void {
    this.sent += 1
    this.bytesMax = Math.max(this.bytesMax, data.length)
    const delayMs = this.delayMs()
    if (delayMs !== undefined) setTimeout(() => this.arrive(data), delayMs)
  }

  arrive(data: Uint8Array): void {
    this.#queue.push(data)
    this.#wake()
  }

  end(): void {
    this.#isOver = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const data = this.#queue.shift()
      if (data) yield data
      else if (this.#isOver) return
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}

/** `delayMs`: of each datagram; undefined where it is lost. */
function connect(a: Someone, b: Someone, delayMs: () => number | undefined = () => 1) {
  const [there, back] = [new Way(delayMs), new Way(delayMs)]
  const channel = (remote: AwarenessChannel['remote'], out: Way, incoming: Way): AwarenessChannel => ({
    remote,
    incoming,
    send: (data) => out.send(data),
    close: () => out.end(),
  })
  const ends = [a.sharing.share(channel(GRACE, there, back)), b.sharing.share(channel(ADA, back, there))]
  const end = async () => {
    there.end()
    back.end()
    await Promise.all(ends)
  }
  return { there, back, end }
}

const seenBy = ({ awareness }: Someone) => othersIn(awareness).map(({ name, id }) => `${name} ${id}`)
const cursorSeenBy = ({ awareness }: Someone) => {
  const [other] = othersIn(awareness)
  const head = other?.cursor && Y.createRelativePositionFromJSON(other.cursor.head)
  return head && Y.createAbsolutePositionFromRelativePosition(head, awareness.doc)?.index
}

test('people see each other with their own ids, and are gone with the channel; coming back, they are seen at once', async () => {
  const [ada, grace] = [someone('Ada'), someone('Grace')]
  const first = connect(ada, grace)
  await vi.advanceTimersByTimeAsync(1)
  expect(seenBy(ada)).toEqual([`Grace ${GRACE}`])
  expect(seenBy(grace)).toEqual([`Ada ${ADA}`])
  await first.end()
  expect([seenBy(ada), seenBy(grace)]).toEqual([[], []])
  connect(ada, grace)
  await vi.advanceTimersByTimeAsync(1)
  expect(seenBy(ada)).toEqual([`Grace ${GRACE}`])
})

test('of two channels to one page, one that ends takes nobody along', async () => {
  const [ada, grace] = [someone('Ada'), someone('Grace')]
  const [one, two] = [connect(ada, grace), connect(ada, grace)]
  await vi.advanceTimersByTimeAsync(1)
  await one.end()
  expect(seenBy(ada)).toHaveLength(1)
  await two.end()
  expect(seenBy(ada)).toHaveLength(0)
})

test('whoever leaves the document is gone at once, also if what they said before arrives after that', async () => {
  const [ada, grace] = [someone('Ada'), someone('Grace')]
  const { back } = connect(ada, grace)
  await vi.advanceTimersByTimeAsync(1)
  const old = encodeMine(grace.awareness)
  grace.awareness.setLocalState(null)
  await vi.advanceTimersByTimeAsync(41)
  expect(seenBy(ada)).toEqual([])
  back.arrive(old)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(seenBy(ada)).toEqual([])
})

test('whoever falls silent is gone after five seconds, and there again with the next word', async () => {
  const [ada, grace] = [someone('Ada'), someone('Grace')]
  let isCut = false
  connect(ada, grace, () => (isCut ? undefined : 1))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(seenBy(ada)).toHaveLength(1)
  isCut = true
  await vi.advanceTimersByTimeAsync(3_400)
  expect(seenBy(ada)).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1_700)
  expect([seenBy(ada), seenBy(grace)]).toEqual([[], []])
  isCut = false
  await vi.advanceTimersByTimeAsync(1_501)
  expect(seenBy(ada)).toHaveLength(1)
})

test('a cursor that moves all the time is told 25 times a second, and its last place arrives', async () => {
  const [ada, grace] = [someone('Ada'), someone('Grace')]
  const { there } = connect(ada, grace)
  for (let move = 0; move < 1_000; move++) {
    ada.moveTo(move % 10)
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(there.sent).toBeGreaterThan(20)
  expect(there.sent).toBeLessThanOrEqual(27)
  await vi.advanceTimersByTimeAsync(41)
  expect(cursorSeenBy(grace)).toBe(9)
})

test('where a third is lost and the rest comes in any order, everyone ends where they are once the path is well', async () => {
  const seed = Number(process.env.KITH_SEED ?? Date.now() % 1_000_000)
  console.log(`KITH_SEED=${seed}`)
  const random = seededRandom(seed).next
  const [ada, grace] = [someone('Ada'), someone('Grace')]
  const latestMs = 400
  let isWell = false
  connect(ada, grace, () => (!isWell && random() < 0.33 ? undefined : random() * latestMs))
  let at = 0
  for (let move = 0; move < 500; move++) {
    at = Math.floor(random() * 19)
    ada.moveTo(at)
    await vi.advanceTimersByTimeAsync(random() * 100)
  }
  await vi.advanceTimersByTimeAsync(30_000)
  // Now and then three words in a row are lost, and whoever said them is gone until the next: whoever is seen is where they are.
  expect([at, undefined]).toContain(cursorSeenBy(grace))
  isWell = true
  await vi.advanceTimersByTimeAsync(1_500 + latestMs)
  expect(cursorSeenBy(grace)).toBe(at)
})

test.each([0, 1, 500])('an update that is %i bytes too long goes with a shorter name', (excess) => {
  const { awareness } = someone('')
  const fill = AWARENESS_MAX_BYTES - encodeMine(awareness).length - 1
  const name = '\u{1f600}'.repeat(Math.floor(fill / 4)) + 'x'.repeat((fill % 4) + excess)
  awareness.setLocalState({ user: { name } })
  const update = encodeMine(awareness)
  expect(update.length).toBeLessThanOrEqual(AWARENESS_MAX_BYTES)
  if (excess === 0) expect(update.length).toBe(AWARENESS_MAX_BYTES)
  const [, kept] = /"name":"(.*)"/.exec(new TextDecoder().decode(update)) ?? []
  expect(kept).toBe(
    Array.from(name)
      .slice(0, Array.from(name).length - excess)
      .join(''),
  )
})

function update(client: number, clock: number, state: string, states = 1): Uint8Array {
  const encoder = createEncoder()
  for (const number of [states, client, clock]) writeVarUint(encoder, number)
  writeVarString(encoder, state)
  return toUint8Array(encoder)
}

/** Resolves once what was said has been heard, or rejects. */
async function hears(ada: Someone, ...updates: readonly Uint8Array[]): Promise<void> {
  const incoming = new Way(() => 0)
  const sharing = ada.sharing.share({ remote: MALLORY, incoming, send: () => undefined, close: () => undefined })
  for (const data of updates) incoming.arrive(data)
  await Promise.race([sharing, vi.advanceTimersByTimeAsync(1)])
}

const USER = '"user":{"name":"Mallory"}'
const POSITION = '{"tname":"text","assoc":0}'

function updateOfLength(bytes: number): Uint8Array {
  const ofFill = (length: number) => update(7, 1, `{${USER},"fill":"${'x'.repeat(length)}"}`)
  return ofFill(500 + bytes - ofFill(500).length)
}

test.each([
  ['nothing', new Uint8Array()],
  ['two states', new Uint8Array([2, 1, 1, 1, 48, 2, 1, 1, 48])],
  ['no JSON', update(7, 1, '{{')],
  ['bytes after the end', new Uint8Array([...update(7, 1, `{${USER}}`), 0])],
  ['a number', update(7, 1, '7')],
  ['no name', update(7, 1, '{"user":{}}')],
  ['a cursor in a text that there is not', update(7, 1, `{${USER},"cursor":{"anchor":{"tname":"x"},"head":{"tname":"x"}}}`)],
  ['half a cursor', update(7, 1, `{${USER},"cursor":{"anchor":${POSITION}}}`)],
  ['a character that is none', update(7, 1, `{${USER},"cursor":{"anchor":{"tname":"text","item":{"client":-1,"clock":0}}}}`)],
  ['a byte too much', updateOfLength(AWARENESS_MAX_BYTES + 1)],
])('%s: the channel ends', async (_, data) => {
  const ada = someone('Ada')
  await expect(hears(ada, data)).rejects.toMatchObject({ code: 'peer-violation' })
  expect(seenBy(ada)).toEqual([])
})

test('as long as an update may be, it is taken in', async () => {
  const ada = someone('Ada')
  const longest = updateOfLength(AWARENESS_MAX_BYTES)
  expect(longest).toHaveLength(AWARENESS_MAX_BYTES)
  await hears(ada, longest)
  expect(seenBy(ada)).toEqual([`Mallory ${MALLORY}`])
})

test('nobody speaks for another: not for me, not for who is here, not under their id', async () => {
  const [ada, grace] = [someone('Ada'), someone('Grace')]
  connect(ada, grace)
  await vi.advanceTimersByTimeAsync(1)
  const [me, other] = [ada.awareness.clientID, grace.awareness.clientID]
  for (const updates of [
    [update(me, 99, 'null')],
    [update(other, 99, 'null')],
    [update(other, 99, `{${USER}}`)],
    [update(7, 1, `{${USER}}`), update(8, 1, `{${USER}}`)],
  ]) {
    await expect(hears(ada, ...updates)).rejects.toMatchObject({ code: 'peer-violation' })
  }
  expect(seenBy(ada)).toEqual([`Grace ${GRACE}`])
  expect(ada.awareness.getLocalState()).toEqual({ user: { name: 'Ada' } })
  await hears(ada, update(7, 1, `{"user":{"name":"${'x'.repeat(99)}\u202e","id":"${GRACE}"}}`))
  expect(seenBy(ada)).toContain(`${'x'.repeat(NAME_MAX_LENGTH)} ${MALLORY}`)
})

test('a cursor at any character, whether it is there, deleted or made up, is somewhere or nowhere', async () => {
  const ada = someone('Ada')
  const { awareness } = ada
  for (const at of [2, 5, 2]) text(awareness).delete(at, 2)
  const clients = [...awareness.doc.store.clients.keys(), 7]
  for (const client of clients)
    for (let clock = 0; clock < 25; clock++) {
      const position = `{"tname":"text","item":{"client":${client},"clock":${clock}}}`
      await hears(ada, update(9, 1, `{${USER},"cursor":{"anchor":${position},"head":${position}}}`))
      expect(seenBy(ada)).toHaveLength(1)
      const index = cursorSeenBy(ada)
      expect(index === undefined || (index >= 0 && index <= text(awareness).length)).toBe(true)
      awareness.meta.delete(9)
    }
})

import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from 'lib0/encoding'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { seededRandom } from '../../../packages/test-kit/src/random.ts'
import { channelPair, until } from './channel.test-kit.ts'
import { decode, SyncSession } from './sync.ts'

const KEPT_AT_ONCE = async () => undefined

function copy(text = ''): Y.Doc {
  const doc = new Y.Doc()
  if (text) doc.getText('text').insert(0, text)
  return doc
}

const textOf = (doc: Y.Doc) => doc.getText('text').toString()

/** Two copies with a stream between them. */
function connect(a: Y.Doc, b: Y.Doc, kept = { a: KEPT_AT_ONCE, b: KEPT_AT_ONCE }) {
  const [left, right] = channelPair()
  const sessions = { a: new SyncSession(a, left, kept.a), b: new SyncSession(b, right, kept.b) }
  const done = Promise.allSettled([sessions.a.run(), sessions.b.run()])
  return { ...sessions, left, right, done }
}

test('two copies that were written apart become one, and stay one', async () => {
  const a = copy('from a ')
  const b = copy('from b ')
  const line = connect(a, b)
  await until(() => line.a.merged.get() && line.b.merged.get())
  expect(textOf(a)).toBe(textOf(b))
  expect(textOf(a)).toContain('from a')
  expect(textOf(a)).toContain('from b')

  a.getText('text').insert(0, 'more ')
  expect(line.a.merged.get()).toBe(false)
  await until(() => line.a.merged.get())
  expect(textOf(b)).toBe(textOf(a))

  line.a.end()
  expect((await line.done).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
})

test('something counts as merged only when the other has written it down, also a deletion', async () => {
  const a = copy('abc')
  const b = copy()
  let keep: () => void = () => undefined
  const kept = () => new Promise<undefined>((resolve) => (keep = () => resolve(undefined)))
  const line = connect(a, b, { a: KEPT_AT_ONCE, b: kept })
  await until(() => textOf(b) === 'abc')
  expect(line.a.merged.get()).toBe(false)
  keep()
  await until(() => line.a.merged.get())

  a.getText('text').delete(0, 1)
  await until(() => textOf(b) === 'bc')
  expect(line.a.merged.get()).toBe(false)
  keep()
  await until(() => line.a.merged.get())
})

test('what cannot be written down never counts as merged', async () => {
  const a = copy('abc')
  const b = copy()
  const line = connect(a, b, { a: KEPT_AT_ONCE, b: () => Promise.reject(new Error('the disk is full')) })
  let wasMerged = false
  line.a.merged.on(() => {
    wasMerged ||= line.a.merged.get()
  })
  await until(() => line.b.merged.get() && textOf(b) === 'abc')
  line.a.end()
  line.b.end()
  await line.done
  expect(wasMerged).toBe(false)
})

test('1,000 random edits at both ends of lines that break again and again: one text', async () => {
  const seed = Number(process.env.KITH_SEED ?? Date.now() % 1_000_000)
  console.log(`KITH_SEED=${seed}`)
  const random = seededRandom(seed).next
  const [a, b] = [copy(), copy()]
  let line = connect(a, b)
  for (let edit = 0; edit < 1_000; edit++) {
    const text = (random() < 0.5 ? a : b).getText('text')
    const at = Math.floor(random() * (text.length + 1))
    if (random() < 0.35 && at < text.length) text.delete(at, 1 + Math.floor(random() * Math.min(5, text.length - at - 1)))
    else text.insert(at, `${edit} `)
    if (random() < 0.1) await Promise.resolve()
    if (random() < 0.02) {
      // Whatever is on its way is lost.
      line.left.cut()
      await line.done
      if (random() < 0.5) line = connect(a, b)
    }
  }
  line.left.cut()
  await line.done
  line = connect(a, b)
  await until(() => line.a.merged.get() && line.b.merged.get())
  expect(textOf(a)).toBe(textOf(b))
  expect(textOf(a).length).toBeGreaterThan(500)
})

test('while a line is held up, changes wait as one', async () => {
  const a = copy()
  const b = copy()
  const line = connect(a, b)
  await until(() => line.a.merged.get() && line.b.merged.get())
  const before = line.left.sentCount
  line.left.hold()
  for (let letter = 0; letter < 500; letter++) a.getText('text').insert(letter, 'x')
  line.left.release()
  await until(() => line.a.merged.get())
  expect(textOf(b)).toHaveLength(500)
  // The one that was held up, and the rest.
  expect(line.left.sentCount - before).toBeLessThanOrEqual(3)
})

const message = (kind: number, bytes: Uint8Array) => {
  const encoder = createEncoder()
  writeVarUint(encoder, kind)
  writeVarUint8Array(encoder, bytes)
  return toUint8Array(encoder)
}

test.each([
  ['nothing', new Uint8Array()],
  ['an unknown kind', new Uint8Array([9])],
  ['a length beyond the end', new Uint8Array([2, 200, 1])],
  ['a state vector that is none', message(0, new Uint8Array([5, 1]))],
  ['an update that is none', message(2, new Uint8Array([7, 7, 7]))],
  ['bytes after the end', new Uint8Array([3, 1, 0])],
  [
    'a picture in the text',
    message(
      2,
      Y.encodeStateAsUpdate(
        ((doc) => {
          doc.getText('text').insertEmbed(0, { image: 'x' })
          return doc
        })(copy()),
      ),
    ),
  ],
])('%s is refused', (_, data) => {
  expect(() => decode(data)).toThrow(expect.objectContaining({ code: 'peer-violation' }))
})

function tookMs(decoding: () => unknown): number {
  const startedAt = performance.now()
  try {
    decoding()
  } catch (error) {
    expect(error).toMatchObject({ code: 'peer-violation' })
  }
  return performance.now() - startedAt
}

test('20,000 mutations of what is said: a message, or peer-violation', () => {
  const seed = Number(process.env.KITH_SEED ?? Date.now() % 1_000_000)
  console.log(`KITH_SEED=${seed}`)
  const random = seededRandom(seed).next
  const doc = copy('A text with some history.')
  doc.getText('text').delete(2, 5)
  const corpus = [message(0, Y.encodeStateVector(doc)), message(1, Y.encodeStateAsUpdate(doc)), new Uint8Array([3, 17])]
  for (let count = Number(process.env.KITH_FUZZ ?? 20_000); count > 0; count--) {
    const data = corpus[Math.floor(random() * corpus.length)]!.slice(0, 1 + Math.floor(random() * 80))
    for (let flips = random() * 4; flips > 0; flips--) data[Math.floor(random() * data.length)] = Math.floor(random() * 256)
    // A machine with more to do may take its time once, not three times over the same bytes.
    const tries = [1, 2, 3].map(() => tookMs(() => decode(data)))
    expect(Math.min(...tries), Buffer.from(data).toString('hex')).toBeLessThan(50)
  }
})

test('a remote that says it kept more than it was sent is refused', async () => {
  const [left, right] = channelPair()
  const running = new SyncSession(copy(), left, KEPT_AT_ONCE).run()
  await right.send(new Uint8Array([3, 5]))
  await expect(running).rejects.toMatchObject({ code: 'peer-violation' })
})

import { beforeEach, expect, test, vi } from 'vitest'

const ADA = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
const DOCUMENT = '00000000-0000-4000-8000-000000000000'

/** Entries of a browser's history, of which the last is the current one. */
let entries: unknown[]
let popped: (event: { state: unknown }) => void

beforeEach(() => {
  entries = [null]
  vi.resetModules()
  vi.stubGlobal('history', {
    get state() {
      return entries.at(-1)
    },
    pushState: (state: unknown) => void entries.push(state),
    replaceState: (state: unknown) => void entries.splice(-1, 1, state),
  })
  vi.stubGlobal('addEventListener', (_: string, listener: typeof popped) => {
    popped = listener
  })
})

function back(): void {
  entries.pop()
  popped({ state: entries.at(-1) })
}

async function load() {
  const { parsePeerId } = await import('@kith/sdk')
  const module = await import('./shown.ts')
  return { ...module, ada: parsePeerId(ADA) }
}

test('a conversation or a document is a step from the lists, and "back" undoes it', async () => {
  const { shown, showPerson, showDocument, ada } = await load()
  showPerson(ada)
  expect(shown.get()).toEqual({ person: ada })
  back()
  expect(shown.get()).toBeUndefined()
  showDocument(DOCUMENT)
  expect(shown.get()).toEqual({ document: DOCUMENT })
  back()
  expect(shown.get()).toBeUndefined()
  expect(entries).toEqual([null])
})

test('from a conversation to a document it is no step; from a document to a conversation it is', async () => {
  const { showPerson, showDocument, ada } = await load()
  showPerson(ada)
  showDocument(DOCUMENT)
  expect(entries).toEqual([null, { document: DOCUMENT }])
  showPerson(ada)
  expect(entries).toEqual([null, { document: DOCUMENT }, { person: ada }])
  showPerson(ada)
  expect(entries).toHaveLength(3)
})

test('a reload comes back to what was shown, and to the lists where the entry has something else', async () => {
  entries = [{ document: DOCUMENT }]
  expect((await load()).shown.get()).toEqual({ document: DOCUMENT })
  vi.resetModules()
  entries = [{ person: ADA }]
  const { shown } = await load()
  for (const state of [7, 'person', { person: 'Ada' }, { person: 7 }, { document: '__proto__' }, {}]) {
    popped({ state: { person: ADA } })
    expect(shown.get()).toEqual({ person: ADA })
    popped({ state })
    expect(shown.get()).toBeUndefined()
  }
})

test('the lists take the place of what was shown', async () => {
  const { shown, showPerson, showLists, ada } = await load()
  showPerson(ada)
  showLists()
  expect(shown.get()).toBeUndefined()
  expect(entries).toEqual([null, null])
})

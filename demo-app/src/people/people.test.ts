import { type Contact, type Peer, type PeerId, parsePeerId } from '@kith/sdk'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Value } from '../ui/observable.ts'
import type { ConversationSummary, Conversations } from './conversations.ts'
import { watchPeople } from './people.ts'

const ADA = parsePeerId('12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X')
const GRACE = parsePeerId('12D3KooWH3uVF6wv47WnArKHk5p6cvgCJEb74UTmxztmQDc298L3')

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function contact(id: PeerId, more: Partial<Contact> = {}): Contact {
  return { id, name: 'Ada', trust: 'trusted', online: false, addedAt: 1, lastSeenAt: undefined, ...more } as Contact
}

function list(contacts: readonly Contact[], summaries: Record<PeerId, Partial<ConversationSummary>> = {}) {
  const peer = { contacts, connections: new Map(), on: () => () => undefined } as unknown as Peer
  const changes = new Value(0)
  const none: ConversationSummary = { unread: 0, lastAt: undefined, isOpening: false, unansweredAt: undefined }
  const conversations: Conversations = { changes, about: (id) => ({ ...none, ...summaries[id] }) }
  return { people: watchPeople(peer, conversations), changes, summaries }
}

test('the latest entry or addition is first; a change of a conversation is shown', async () => {
  const { people, changes, summaries } = list([contact(ADA, { addedAt: 5 }), contact(GRACE, { addedAt: 1 })])
  expect(people.get().map(({ id }) => id)).toEqual([ADA, GRACE])
  summaries[GRACE] = { lastAt: 6, unread: 2 }
  changes.set(1)
  await vi.advanceTimersByTimeAsync(0)
  expect(people.get().map(({ id, lastAt, unread }) => [id, lastAt, unread])).toEqual([
    [GRACE, 6, 2],
    [ADA, undefined, 0],
  ])
})

test('who has not answered since they were last seen is not online; once seen again they are', async () => {
  const seen = { online: true, lastSeenAt: 10 }
  const { people, changes, summaries } = list([contact(ADA, seen)], { [ADA]: { unansweredAt: 10 } })
  expect(people.get()[0]?.online).toBe(false)
  summaries[ADA] = { unansweredAt: 9 }
  changes.set(1)
  await vi.advanceTimersByTimeAsync(0)
  expect(people.get()[0]?.online).toBe(true)
})

test('while a stream is being opened without a connection the link is connecting', () => {
  const { people } = list([contact(ADA), contact(GRACE)], { [ADA]: { isOpening: true } })
  expect(new Map(people.get().map(({ id, link }) => [id, link]))).toEqual(
    new Map([
      [ADA, 'connecting'],
      [GRACE, 'none'],
    ]),
  )
})

test('a blocked contact is never online', () => {
  const { people } = list([contact(ADA, { online: true, lastSeenAt: 10, trust: 'blocked' })])
  expect(people.get()[0]?.online).toBe(false)
})

/** What the page knows about a document without opening it: what the list shows, and who its members are. */
import type { PeerId, ProtocolName } from '@kith/sdk'

/** The protocol that merges the text; see sync.ts. */
export const SYNC: ProtocolName = '/doc/yjs/v1'

/** Code with which a member who has left a document resets its streams. */
export const LEFT_CODE = 1

/** A random UUID. It is known only to members and those they shared it with, so it also gives access to the document. */
export type DocumentId = string

export interface DocumentEntry {
  readonly id: DocumentId
  readonly title: string
  readonly createdAt: number
  readonly changedAt: number
  /** Whom I share it with, or who shared it with me. */ readonly members: readonly PeerId[]
  /** Members who have not stored all that is stored here: lines to them are opened also while it is not on the screen. */
  readonly behind: readonly PeerId[]
  /** When it was last shared, by the sharer's clock; it distinguishes a new share from one that I left. 0: never. */
  readonly sharedAt: number
  /** Shared with me, and not opened yet. */ readonly isNew: boolean
}

/** UTF-16 units. Longer ones are cut where they are shown, refused where they come in. */
export const TITLE_MAX_LENGTH = 120

/** Documents in one list. Beyond: what is shared with me is refused, so that no contact can fill the disk with empty ones. */
export const DOCUMENTS_MAX = 500

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const isDocumentId = (value: unknown): value is DocumentId => typeof value === 'string' && UUID.test(value)

/** The params of a stream: which document it is about. */
export interface DocumentParams {
  readonly doc: DocumentId
  readonly title: string
  readonly sharedAt: number
}

/** Undefined for anything else: the params come from a remote. */
export function readParams(params: unknown): DocumentParams | undefined {
  if (typeof params !== 'object' || params === null || !('doc' in params && 'title' in params && 'sharedAt' in params))
    return undefined
  const { doc, title, sharedAt } = params
  if (!isDocumentId(doc) || typeof title !== 'string' || title.length > TITLE_MAX_LENGTH) return undefined
  // 8.64e15 is the last moment of a Date (ECMA-262 §21.4.1.1).
  if (typeof sharedAt !== 'number' || !(sharedAt >= 0 && sharedAt <= 8.64e15)) return undefined
  return { doc, title, sharedAt }
}

export const including = (members: readonly PeerId[], who: PeerId): readonly PeerId[] =>
  members.includes(who) ? members : [...members, who]
export const without = (members: readonly PeerId[], who: PeerId): readonly PeerId[] =>
  members.includes(who) ? members.filter((member) => member !== who) : members

/**
 * A person's state in a document: `{user: {name}, cursor: {anchor, head}}`, as y-codemirror has it. Positions are relative positions of
 * Yjs, which stay with the text around them. The channel knows whose state it is: no id and no colour is taken from the state.
 */

import { isPeerId, KithError, type PeerId } from '@kith/sdk'
import type { Awareness } from 'y-protocols/awareness'
import { plainName } from '../ui/plain.ts'

/** Code points of a name. Beyond: cut, as it is only a label beside a cursor. */
export const NAME_MAX_LENGTH = 64

/** What `Y.relativePositionToJSON` makes of a position in the document's one text. */
export interface Position {
  readonly tname: 'text'
  /** The character after it; none at the end of the text. */ readonly item?: { readonly client: number; readonly clock: number }
  readonly assoc: number
}

export interface Cursor {
  readonly anchor: Position
  readonly head: Position
}

/** A person who has the document on the screen. `client` is the Yjs client id of their page. */
export interface Present {
  readonly client: number
  readonly id: PeerId
  readonly name: string
  readonly cursor: Cursor | undefined
}

/** The checked state that `from` sent; null: they have left. Throws 'peer-violation'. */
export function readState(state: unknown, from: PeerId): object | null {
  if (state === null) return null
  if (!isRecord(state) || !isRecord(state.user) || typeof state.user.name !== 'string') throw violation('a state without a name')
  return { user: { id: from, name: shown(state.user.name) }, cursor: readCursor(state.cursor) }
}

/** Everyone but me. */
export function othersIn(awareness: Awareness): Present[] {
  const others: Present[] = []
  for (const [client, { user, cursor }] of awareness.getStates()) {
    // Each came through `readState`; mine has no id.
    if (client !== awareness.clientID && isPeerId(user.id)) others.push({ client, id: user.id, name: user.name, cursor })
  }
  return others
}

function readCursor(cursor: unknown): Cursor | undefined {
  // There is none before the text has the focus.
  if (cursor === undefined || cursor === null) return undefined
  if (!isRecord(cursor)) throw violation('not a cursor')
  return { anchor: readPosition(cursor.anchor), head: readPosition(cursor.head) }
}

/** A place in the text and nothing else: Yjs would create any other type that a position names. */
function readPosition(position: unknown): Position {
  if (!isRecord(position) || position.tname !== 'text') throw violation('a cursor outside of the text')
  const { item, assoc } = position
  if (assoc !== undefined && !Number.isInteger(assoc)) throw violation('not a position')
  const side = Number(assoc ?? 0) < 0 ? -1 : 0
  if (item === undefined || item === null) return { tname: 'text', assoc: side }
  if (!isRecord(item) || !isCount(item.client) || !isCount(item.clock)) throw violation('not a position')
  return { tname: 'text', item: { client: item.client, clock: item.clock }, assoc: side }
}

/** Cut before plainName, so that its isolating characters stay balanced. */
function shown(name: string): string {
  return plainName(Array.from(name).slice(0, NAME_MAX_LENGTH).join(''))
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const violation = (why: string) => new KithError('peer-violation', why, { source: 'remote' })

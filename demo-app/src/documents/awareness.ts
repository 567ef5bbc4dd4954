/**
 * Who is in a document and where their cursor is: y-protocols/awareness, one person's state a message. A message may get lost or
 * be late: each is whole, numbered by its author, and said again every 15 seconds; after 30 of silence someone is taken to be gone.
 */
import { KithError } from '@kith/sdk'
import { createDecoder, readVarUint } from 'lib0/decoding'
import { type Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import type { AwarenessChannel } from './awareness-channel.ts'

/** People whom one remote may tell of, itself included. Beyond: its channel is closed. */
const PEOPLE_MAX = 32

interface Changed {
  readonly added: readonly number[]
  readonly updated: readonly number[]
  readonly removed: readonly number[]
}

/** Of everyone elsewhere: how many channels told of them. One of two that ends takes nobody along whom the other still knows. */
export type Sources = Map<number, number>

/** Tells the remote of everyone known here, and takes in whom it tells of, until the channel ends; whom only it knew are then
 *  gone. `sources` is one for all channels of this awareness. Rejects as the channel does, and with 'peer-violation'. */
export async function shareAwareness(awareness: Awareness, channel: AwarenessChannel, sources: Sources): Promise<void> {
  /** Whom this remote told of. */
  const theirs = new Set<number>()
  const tell = (client: number) => channel.send(client, () => encodeAwarenessUpdate(awareness, [client]))
  const changed = ({ added, updated, removed }: Changed, origin: unknown) => {
    if (origin === theirs) return
    for (const client of [...added, ...updated, ...removed]) if (!theirs.has(client)) tell(client)
  }
  awareness.on('update', changed)
  try {
    for (const client of awareness.getStates().keys()) if (client !== awareness.clientID) tell(client)
    // Counted up: whoever saw me go with the last channel does not take the same state for old.
    awareness.setLocalState(awareness.getLocalState())
    for await (const update of channel.incoming) {
      const client = take(awareness, update, theirs)
      if (client === awareness.clientID || theirs.has(client)) continue
      theirs.add(client)
      sources.set(client, (sources.get(client) ?? 0) + 1)
      if (theirs.size > PEOPLE_MAX) throw violation('more people than a document has')
    }
  } finally {
    awareness.off('update', changed)
    const gone: number[] = []
    for (const client of theirs) {
      const others = (sources.get(client) ?? 1) - 1
      if (others > 0) sources.set(client, others)
      else if (sources.delete(client)) gone.push(client)
    }
    removeAwarenessStates(awareness, gone, theirs)
  }
}

/** Returns whom it was about. */
function take(awareness: Awareness, update: Uint8Array, origin: unknown): number {
  try {
    const decoder = createDecoder(update)
    if (readVarUint(decoder) !== 1) throw violation('not one person')
    const client = readVarUint(decoder)
    // Nobody but me says where I am.
    if (client !== awareness.clientID) applyAwarenessUpdate(awareness, update, origin)
    return client
  } catch (error) {
    throw error instanceof KithError ? error : violation('a message that cannot be read', error)
  }
}

const violation = (why: string, cause?: unknown) => new KithError('peer-violation', why, { source: 'remote', cause })

/**
 * The invitations that I have taken up, and who made them: a link that is opened again, by a reload or a bookmark, leads to the same
 * person instead of 'used'. Of a link only a one-way mark is kept, of its maker the PeerId for as long as they are a contact. One record
 * holds them all, and is read when it is needed.
 */
import {
  type Bytes,
  equal,
  inviteMark,
  KithError,
  type PeerId,
  pack,
  parsePeerId,
  TAKEN_INVITES_MAX,
  unpackFields,
} from '@kith/protocol'
import { report } from '../runtime/events.ts'
import { KEEP, put, type Store } from '../storage/store.ts'

const KEY = 'taken-invites'
const MARK_BYTES = 32

interface Taken {
  readonly mark: Bytes
  /** As it was stored: that a PeerId is sound takes a millisecond to find out, and most are never asked for. '' once they were removed. */
  readonly by: string
}

export class TakenInvites {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Who made the invitation with this secret, 'removed' if they were a contact; undefined if I have not taken it up, or so many others since. */
  async makerOf(secret: Bytes): Promise<PeerId | 'removed' | undefined> {
    const mark = inviteMark(secret)
    const by = unpackTaken(await this.#store.get(KEY)).find((taken) => equal(taken.mark, mark))?.by
    if (by === '') return 'removed'
    return by === undefined ? undefined : parsePeerId(by)
  }

  /** They are no contact any more: that I have used the links stays, whose they were does not. */
  async removed(maker: PeerId): Promise<void> {
    await this.#store.update(KEY, (stored) => {
      const taken = unpackTaken(stored)
      if (!taken.some(({ by }) => by === maker)) return KEEP
      return put(packTaken(taken.map(({ mark, by }) => ({ mark, by: by === maker ? '' : by }))))
    })
  }

  /** Beyond TAKEN_INVITES_MAX the oldest is forgotten. */
  async add(secret: Bytes, by: PeerId): Promise<void> {
    const mark = inviteMark(secret)
    await this.#store.update(KEY, (stored) => {
      const others = unpackTaken(stored).filter((taken) => !equal(taken.mark, mark))
      return put(packTaken([...others, { mark, by }].slice(-TAKEN_INVITES_MAX)))
    })
  }
}

/** msgpack [1, [[mark, PeerId or '']…]], oldest first; later versions add at the end. */
function packTaken(taken: readonly Taken[]): Bytes {
  return pack([1, taken.map(({ mark, by }) => [mark, by])])
}

/** A record that cannot be read remembers nothing: its links are dialled then, and answered 'used'. */
function unpackTaken(bytes: Uint8Array | undefined): Taken[] {
  if (bytes === undefined) return []
  try {
    const fields = unpackFields(bytes)
    fields.integer() // version: later ones add fields
    return fields.list(TAKEN_INVITES_MAX, (item) => {
      const entry = item.struct()
      return { mark: entry.bytes(MARK_BYTES), by: entry.text(64) }
    })
  } catch (cause) {
    report(new KithError('storage', 'Which invitations were taken up cannot be read in this browser.', { cause }))
    return []
  }
}

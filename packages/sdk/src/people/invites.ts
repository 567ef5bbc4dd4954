/**
 * The invitations I gave out. Each opens one door once: of two tabs, or two guests, the one whose transaction comes first spends it.
 * A spent or revoked one is kept until it would have expired, while there is room, so that a second guest gets 'used' instead of
 * nothing.
 */

import {
  type Bytes,
  hex,
  INVITE_RETURN_MS,
  INVITES_MAX,
  KithError,
  NAME_MAX_LENGTH,
  type PeerId,
  PURPOSE_MAX_LENGTH,
  PURPOSES_MAX,
  pack,
  parsePeerId,
  unpackFields,
  violation,
} from '@kith/protocol'
import type { Events } from '../api.ts'
import { parseName, tidyName } from '../identity/name.ts'
import { Emitter } from '../runtime/events.ts'
import { Collection, type CollectionChange } from '../storage/collection.ts'
import { DELETE, KEEP, put, type Store } from '../storage/store.ts'
import { parsePurposes } from './contact-record.ts'

export interface InviteRecord {
  /** 8 random bytes as hex: names it in the store and in messages, since the secret must not. */
  readonly id: string
  /** 16 random bytes: the link. */
  readonly secret: Bytes
  readonly createdAt: number
  readonly expiresAt: number
  /** For my address book; '' for what they call themselves. */
  readonly name: string
  readonly purposes: readonly string[]
  readonly state: InviteState
  /** Who used it. */
  readonly usedBy?: PeerId
  /** When; absent where they may not come back. */
  readonly usedAt?: number
}
export type InviteState = 'open' | 'used' | 'revoked'

/** 'expired' is said of open ones; of those that were used or revoked, and have expired or made room, 'forgotten'. */
export interface InviteChange {
  readonly change: 'created' | 'used' | 'revoked' | 'expired' | 'forgotten'
  readonly invite: InviteRecord
}

export interface InviteBookOptions {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const SECRET_BYTES = 16
const ID_BYTES = 8
const DAY_MS = 24 * 60 * 60 * 1000

/** Stored by their index: add at the end. */
const STATES: readonly InviteState[] = ['open', 'used', 'revoked']

export class InviteBook {
  readonly #now: () => number
  readonly #records: Collection<InviteRecord>
  readonly #events = new Emitter<{ invite: InviteChange }>()

  static async open(options: InviteBookOptions): Promise<InviteBook> {
    const records = await Collection.open(options.store, {
      prefix: 'invite/',
      what: 'invitation',
      pack: packInvite,
      unpack: unpackInvite,
    })
    return new InviteBook(options, records)
  }

  private constructor(options: InviteBookOptions, records: Collection<InviteRecord>) {
    this.#now = options.now ?? Date.now
    this.#records = records
    records.onChange((change) => this.#reflect(change))
  }

  /** Made here or in another tab. */
  get events(): Events<{ invite: InviteChange }> {
    return this.#events
  }

  get(id: string): InviteRecord | undefined {
    return this.#records.items.get(id)
  }

  /** Those that have not expired, spent ones too: their addresses stay bound, to answer 'spent'. */
  listLive(): InviteRecord[] {
    const now = this.#now()
    return [...this.#records.items.values()].filter(({ expiresAt }) => expiresAt > now)
  }

  /** Those that a guest can still use, oldest first. */
  listOpen(): InviteRecord[] {
    return this.listLive()
      .filter(({ state }) => state === 'open')
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  }

  /** Errors: 'invalid-argument', 'too-many' where INVITES_MAX are open. */
  async create(options: { name?: string; purposes?: string[]; expiresInMs?: number } = {}): Promise<InviteRecord> {
    const { expiresInMs = DAY_MS } = options
    const createdAt = this.#now()
    const expiresAt = createdAt + Math.floor(expiresInMs)
    if (!(expiresInMs >= 1) || !Number.isSafeInteger(expiresAt)) {
      throw new KithError('invalid-argument', 'expiresInMs must be a number of milliseconds from 1.')
    }
    if (this.listOpen().length >= INVITES_MAX) {
      throw new KithError(
        'too-many',
        `${INVITES_MAX} invitations are open, as many as there may be: give one of peer.invites again, or revoke one.`,
      )
    }
    const invite: InviteRecord = {
      id: hex(crypto.getRandomValues(new Uint8Array(ID_BYTES))),
      secret: crypto.getRandomValues(new Uint8Array(SECRET_BYTES)),
      createdAt,
      expiresAt,
      name: options.name === undefined || tidyName(options.name) === '' ? '' : parseName(options.name, 'A contact’s name'),
      purposes: parsePurposes(options.purposes ?? []),
      state: 'open',
    }
    await this.#makeRoom()
    await this.#records.update(invite.id, () => put(invite))
    return invite
  }

  /** True for the one call, over all tabs, that spends it; false when it is spent, revoked, expired or unknown. */
  markUsed(id: string, usedBy: PeerId): Promise<boolean> {
    return this.#close(id, { state: 'used', usedBy, usedAt: this.#now() })
  }

  /** Whether the guest that used it may come again: their page may have been lost before it was saved. */
  mayReturn({ state, usedAt }: InviteRecord): boolean {
    if (state !== 'used' || usedAt === undefined) return false
    const sinceMs = this.#now() - usedAt
    return sinceMs >= 0 && sinceMs < INVITE_RETURN_MS
  }

  /** They were removed since: what they used lets them in no more. */
  async forbidReturn(by: PeerId): Promise<void> {
    const theirs = [...this.#records.items.values()].filter(({ usedBy, usedAt }) => usedBy === by && usedAt !== undefined)
    await Promise.all(
      theirs.map(({ id }) =>
        this.#records.update(id, (stored) => {
          if (stored?.usedBy !== by) return KEEP
          const { usedAt: _, ...rest } = stored
          return put(rest)
        }),
      ),
    )
  }

  /** True when it was open until now. */
  revoke(id: string): Promise<boolean> {
    return this.#close(id, { state: 'revoked' })
  }

  /** Forgets what has expired at `now`. Resolves with when to call it again; undefined: when one is created. */
  async expire(now: number = this.#now()): Promise<number | undefined> {
    const items = [...this.#records.items.values()]
    const expired = (invite: InviteRecord) => invite.expiresAt <= now
    await Promise.all(
      items.filter(expired).map(({ id }) => this.#records.update(id, (stored) => (stored && expired(stored) ? DELETE : KEEP))),
    )
    return this.nextExpiry
  }

  /** When the next one expires. */
  get nextExpiry(): number | undefined {
    const times = [...this.#records.items.values()].map(({ expiresAt }) => expiresAt)
    return times.length > 0 ? Math.min(...times) : undefined
  }

  close(): void {
    this.#records.close()
  }

  /** A spent one only tells a second guest that it is: less than a place for another. */
  async #makeRoom(): Promise<void> {
    const live = this.listLive()
    const spent = live.filter(({ state }) => state !== 'open').sort((a, b) => a.createdAt - b.createdAt)
    const surplus = spent.slice(0, Math.max(0, live.length - INVITES_MAX + 1))
    await Promise.all(surplus.map(({ id }) => this.#records.update(id, (stored) => (stored?.state === 'open' ? KEEP : DELETE))))
  }

  async #close(id: string, end: Pick<InviteRecord, 'state' | 'usedBy' | 'usedAt'>): Promise<boolean> {
    let mine = false
    await this.#records.update(id, (stored) => {
      mine = stored?.state === 'open' && stored.expiresAt > this.#now()
      return mine && stored ? put({ ...stored, ...end }) : KEEP
    })
    return mine
  }

  #reflect({ before, after }: CollectionChange<InviteRecord>): void {
    if (after === undefined) {
      if (before) this.#events.emit('invite', { change: before.state === 'open' ? 'expired' : 'forgotten', invite: before })
    } else if (before?.state !== after.state) {
      this.#events.emit('invite', { change: after.state === 'open' ? 'created' : after.state, invite: after })
    }
  }
}

/** msgpack [1, secret, createdAt, expiresAt, name, purposes, state, usedBy or nil, usedAt or nil]; later versions add at the end. */
function packInvite({ secret, createdAt, expiresAt, name, purposes, state, usedBy, usedAt }: InviteRecord): Bytes {
  return pack([1, secret, createdAt, expiresAt, name, purposes, STATES.indexOf(state), usedBy ?? null, usedAt ?? null])
}

function unpackInvite(bytes: Uint8Array, id: string): InviteRecord {
  const fields = unpackFields(bytes)
  fields.integer() // version: later ones add fields
  const secret = fields.bytes(SECRET_BYTES)
  const createdAt = fields.integer()
  const expiresAt = fields.integer()
  const name = fields.text(NAME_MAX_LENGTH)
  const purposes = Object.freeze(fields.list(PURPOSES_MAX, (purpose) => purpose.text(PURPOSE_MAX_LENGTH)))
  const state = STATES[fields.integer()]
  if (state === undefined) throw violation('unknown state of an invitation')
  const usedBy = fields.optional(() => parsePeerId(fields.text(64)))
  const usedAt = fields.optional((field) => field.integer())
  return Object.freeze({
    ...{ id, secret, createdAt, expiresAt, name, purposes, state },
    ...(usedBy ? { usedBy } : {}),
    ...(usedAt === undefined ? {} : { usedAt }),
  })
}

import {
  type Bytes,
  CONTACT_RELAYS_MAX,
  KithError,
  NAME_MAX_LENGTH,
  ONLINE_MS,
  PURPOSE_MAX_LENGTH,
  PURPOSES_MAX,
  pack,
  parsePeerId,
  RELAY_URL_MAX_LENGTH,
  unpackFields,
  violation,
} from '@kith/protocol'
import type { Contact, Trust } from '../api.ts'
import { parseRelayUrls } from '../carriers/relay-url.ts'
import { cutName, parseName } from '../identity/name.ts'

/** What is kept of a person. Frozen: a change makes another. */
export type ContactRecord = Omit<Contact, 'online'>

/** Of the fields that a user may set, those that were given. */
export interface ContactFields {
  readonly name?: string | undefined
  readonly purposes?: readonly string[] | undefined
  readonly trust?: Trust | undefined
  readonly relays?: readonly string[] | undefined
}

/** Stored by their index: add at the end. */
const TRUSTS: readonly Trust[] = ['blocked', 'known', 'trusted']

/** `record` with the fields that were given, each checked. Throws 'invalid-argument'. */
export function withFields(record: ContactRecord, { name, purposes, trust, relays }: ContactFields): ContactRecord {
  return {
    ...record,
    ...(name !== undefined && { name: parseName(name, 'A contact’s name') }),
    ...(purposes !== undefined && { purposes: parsePurposes(purposes) }),
    ...(trust !== undefined && { trust: parseTrust(trust) }),
    ...(relays !== undefined && { relays: parseRelayUrls(relays, CONTACT_RELAYS_MAX) }),
  }
}

/** Each once. Throws 'invalid-argument'. */
export function parsePurposes(purposes: readonly string[]): readonly string[] {
  if (!Array.isArray(purposes)) throw new KithError('invalid-argument', 'Purposes must be a list of words.')
  const parsed = [...new Set(purposes.map((purpose) => parseName(purpose, 'A purpose')))]
  if (parsed.length > PURPOSES_MAX)
    throw new KithError('invalid-argument', `There may be ${PURPOSES_MAX} purposes at most, and these are ${parsed.length}.`)
  return Object.freeze(parsed)
}

/** What the outside sees at the instant `now`. `onlineUntil`: where more is known than when they were seen. */
export function contactAt(record: ContactRecord, now: number, onlineUntil = onlineUntilOf(record)): Contact {
  return Object.freeze({ ...record, online: now < onlineUntil })
}

export function onlineUntilOf({ lastSeenAt }: ContactRecord): number {
  return lastSeenAt === undefined ? 0 : lastSeenAt + ONLINE_MS
}

/** msgpack [1, id, name, purposes, trust, relays, addedAt, lastSeenAt or nil]; later versions add at the end. */
export function packContact(record: ContactRecord): Bytes {
  const { id, name, purposes, trust, relays, addedAt, lastSeenAt } = record
  return pack([1, id, name, purposes, TRUSTS.indexOf(trust), relays, addedAt, lastSeenAt ?? null])
}

/** Throws for bytes that `packContact` did not make. */
export function unpackContact(bytes: Uint8Array): ContactRecord {
  const fields = unpackFields(bytes)
  fields.integer() // version: later ones add fields
  const id = parsePeerId(fields.text(64))
  // One that was kept before names were tidied as they are now is tidied as it is read.
  const name = cutName(fields.text(NAME_MAX_LENGTH)) || `…${id.slice(-6)}`
  const purposes = fields.list(PURPOSES_MAX, (purpose) => purpose.text(PURPOSE_MAX_LENGTH))
  const trust = TRUSTS[fields.integer()]
  if (trust === undefined) throw violation('unknown trust')
  const relays = fields.list(CONTACT_RELAYS_MAX, (relay) => relay.text(RELAY_URL_MAX_LENGTH))
  const addedAt = fields.integer()
  const lastSeenAt = fields.optional((field) => field.integer())
  return {
    id,
    name,
    purposes: Object.freeze(purposes),
    trust,
    relays: Object.freeze(relays),
    addedAt,
    ...(lastSeenAt !== undefined && { lastSeenAt }),
  }
}

function parseTrust(trust: Trust): Trust {
  if (!TRUSTS.includes(trust)) throw new KithError('invalid-argument', `trust must be one of ${TRUSTS.join(', ')}.`)
  return trust
}

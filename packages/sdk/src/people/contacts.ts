/**
 * The address book. Every change is made to the stored record, in one transaction, so that two tabs that change two things about
 * one person do not undo each other. `online` follows from `lastSeenAt`; its owner calls `expire` as time passes.
 */
import { KithError, ONLINE_MS, type PeerId, parsePeerId } from '@kith/protocol'
import type { Contact, Contacts, Events, Stop, Trust, Who } from '../api.ts'
import { Emitter, report } from '../runtime/events.ts'
import { checkOptions } from '../runtime/option-names.ts'
import { Collection, type CollectionChange } from '../storage/collection.ts'
import { DELETE, KEEP, put, type Store } from '../storage/store.ts'
import type { ContactChange } from './contact-change.ts'
import {
  type ContactFields,
  type ContactRecord,
  contactAt,
  onlineUntilOf,
  packContact,
  unpackContact,
  withFields,
} from './contact-record.ts'

export interface ContactBookOptions {
  readonly store: Store
  /** My own PeerId, which is not a contact. */
  readonly self: PeerId
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** How far the stored `lastSeenAt` may lie behind: a write every half minute for each person who is here, and another tab, which
 *  sees it only in the store, never shows a contact who is online as offline. */
const SEEN_SAVE_MS = ONLINE_MS / 2

export class ContactBook implements Contacts {
  readonly #self: PeerId
  readonly #now: () => number
  readonly #records: Collection<ContactRecord>
  readonly #contacts = new Map<PeerId, Contact>()
  /** The `lastSeenAt` that was last given to the store, which may not have it yet. */
  readonly #seenSaved = new Map<PeerId, number>()
  /** Until when each counts as online, as far as this tab knows; 0: they have left. */
  readonly #onlineUntil = new Map<PeerId, number>()
  readonly #events = new Emitter<{ contact: ContactChange }>()
  readonly #stop: Stop

  static async open(options: ContactBookOptions): Promise<ContactBook> {
    return new ContactBook(
      options,
      await Collection.open(options.store, { prefix: 'contact/', what: 'contact', pack: packContact, unpack }),
    )
  }

  private constructor(options: ContactBookOptions, records: Collection<ContactRecord>) {
    this.#self = options.self
    this.#now = options.now ?? Date.now
    this.#records = records
    for (const record of records.items.values()) this.#contacts.set(record.id, contactAt(record, this.#now()))
    this.#stop = records.onChange((change) => this.#reflect(change))
  }

  get events(): Events<{ contact: ContactChange }> {
    return this.#events
  }

  /** By name, as people sort names. */
  [Symbol.iterator](): Iterator<Contact> {
    return [...this.#contacts.values()].sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1)).values()
  }

  /** In no order: sorting thousands by name takes a while. */
  all(): Contact[] {
    return [...this.#contacts.values()]
  }

  /** The most recently seen first; of those never seen, the newest. */
  bySeen(): Contact[] {
    const seen = ({ lastSeenAt, addedAt }: Contact) => Math.max(lastSeenAt ?? 0, addedAt)
    return [...this.#contacts.values()].sort((a, b) => seen(b) - seen(a))
  }

  /** The PeerId of this contact or id. Throws 'invalid-peer-id'. To check a key takes a millisecond: those in the book were checked. */
  idOf(who: Who): PeerId {
    const id = typeof who === 'object' && who !== null ? who.id : who
    return this.get(id)?.id ?? parsePeerId(id)
  }

  get(id: PeerId): Contact | undefined {
    return this.#contacts.get(id)
  }

  /** Who can help with this? ('chat', 'backup', …) */
  for(purpose: string): Contact[] {
    return [...this].filter((contact) => contact.purposes.includes(purpose))
  }

  /**
   * Adds a contact, or changes the one that is there: fields that are not given then stay (a blocked one stays blocked). Default trust 'trusted'.
   * Errors: 'invalid-peer-id' 'invalid-argument'.
   */
  async add(contact: { id: PeerId; name: string; purposes?: string[]; trust?: Trust; relays?: string[] }): Promise<Contact> {
    checkOptions('contacts.add', contact)
    const id = parsePeerId(contact.id)
    if (id === this.#self) throw new KithError('invalid-argument', 'This PeerId is your own: add another one.')
    const blank: ContactRecord = { id, name: '', purposes: [], trust: 'trusted', relays: [], addedAt: this.#now() }
    const fields: ContactFields = contact
    if (fields.name === undefined) throw new KithError('invalid-argument', 'A contact needs a name: contacts.add({ id, name }).')
    return this.#change(id, (current) => withFields(current ?? blank, fields))
  }

  /** Fields that are not given stay. Errors: 'invalid-argument', also for an id that is not here. */
  async update(who: Who, change: Partial<Pick<Contact, 'name' | 'purposes' | 'trust' | 'relays'>>): Promise<Contact> {
    checkOptions('contacts.update', change)
    return this.#change(this.idOf(who), (current) => {
      if (current === undefined) throw new KithError('invalid-argument', 'They are no contact of yours: call contacts.add first.')
      return withFields(current, change)
    })
  }

  /** Does nothing for an id that is not here. */
  async remove(who: Who): Promise<void> {
    await this.#records.update(this.idOf(who), () => DELETE)
  }

  /** As the store has it: another tab may have made it a moment ago. */
  async reread(id: PeerId): Promise<Contact | undefined> {
    await this.#records.refresh(id)
    return this.get(id)
  }

  /** A sign of life, at `now`, good for so long. Not of a contact: ignored. */
  seen(id: PeerId, now: number = this.#now(), goodForMs = ONLINE_MS): void {
    const contact = this.#contacts.get(id)
    if (contact === undefined) return
    const isOlder = contact.lastSeenAt !== undefined && contact.lastSeenAt >= now
    // They are back in the very millisecond in which they left.
    if (isOlder && this.#onlineUntil.get(id) !== 0) return
    this.#onlineUntil.set(id, Math.max(this.#onlineUntil.get(id) ?? 0, now + goodForMs))
    this.#show(this.#at({ ...recordOf(contact), lastSeenAt: now }, now))
    if (now - (this.#seenSaved.get(id) ?? 0) >= SEEN_SAVE_MS) this.#saveSeen(id, now).catch(report)
  }

  /** They left, or do not answer: no longer online until they are seen again. */
  left(id: PeerId): void {
    const contact = this.#contacts.get(id)
    if (contact === undefined || !contact.online) return
    this.#onlineUntil.set(id, 0)
    this.#show(this.#at(recordOf(contact), this.#now()))
    if (contact.lastSeenAt !== undefined) this.#saveSeen(id, contact.lastSeenAt).catch(report)
  }

  /** Who was not seen for a minute at `now` is no longer online. Returns when to call it again; undefined: when a contact is seen. */
  expire(now: number = this.#now()): number | undefined {
    let next: number | undefined
    for (const contact of this.#contacts.values()) {
      if (!contact.online || contact.lastSeenAt === undefined) continue
      const endsAt = this.#untilOf(contact)
      if (endsAt > now) {
        next = Math.min(next ?? endsAt, endsAt)
        continue
      }
      this.#show(this.#at(recordOf(contact), now))
      this.#saveSeen(contact.id, contact.lastSeenAt).catch(report)
    }
    return next
  }

  /** Resolves when what was seen last is saved. */
  async close(): Promise<void> {
    const saving = [...this.#contacts.values()].map(({ id, lastSeenAt }) => lastSeenAt && this.#saveSeen(id, lastSeenAt))
    await Promise.all(saving)
    this.#stop()
    this.#records.close()
  }

  async #change(id: PeerId, make: (current: ContactRecord | undefined) => ContactRecord): Promise<Contact> {
    const record = await this.#records.update(id, (current) => put(make(current)))
    const contact = this.#contacts.get(id)
    if (record === undefined || contact === undefined)
      throw new KithError('storage', 'The contact could not be kept: another tab of this page removed it at the same moment.')
    return contact
  }

  async #saveSeen(id: PeerId, lastSeenAt: number): Promise<void> {
    if (this.#seenSaved.get(id) === lastSeenAt) return
    this.#seenSaved.set(id, lastSeenAt)
    await this.#records.update(id, (current) =>
      current === undefined || (current.lastSeenAt ?? 0) >= lastSeenAt ? KEEP : put({ ...current, lastSeenAt }),
    )
  }

  /** Brings what is shown in line with a record that changed here or in another tab. */
  #reflect({ before, after }: CollectionChange<ContactRecord>): void {
    if (after !== undefined) {
      const seenHere = this.#contacts.get(after.id)?.lastSeenAt ?? 0
      const seenAt = Math.max(after.lastSeenAt ?? 0, seenHere)
      // Another tab of mine has seen them since they left this one.
      if (seenAt > seenHere && this.#onlineUntil.get(after.id) === 0) this.#onlineUntil.delete(after.id)
      this.#show(this.#at(seenAt > 0 ? { ...after, lastSeenAt: seenAt } : after, this.#now()))
      return
    }
    const contact = before && this.#contacts.get(before.id)
    if (contact === undefined) return
    this.#contacts.delete(contact.id)
    this.#seenSaved.delete(contact.id)
    this.#onlineUntil.delete(contact.id)
    this.#events.emit('contact', { change: 'removed', contact })
  }

  #at(record: ContactRecord, now: number): Contact {
    return contactAt(record, now, this.#untilOf(record))
  }

  #untilOf(record: ContactRecord): number {
    const until = this.#onlineUntil.get(record.id)
    return until === 0 ? 0 : Math.max(until ?? 0, onlineUntilOf(record))
  }

  /** `lastSeenAt` alone is no event: it moves with every message. */
  #show(contact: Contact): void {
    const before = this.#contacts.get(contact.id)
    this.#contacts.set(contact.id, contact)
    if (before === undefined) this.#events.emit('contact', { change: 'added', contact })
    else if (!looksAlike(before, contact)) this.#events.emit('contact', { change: 'changed', contact })
  }
}

function unpack(bytes: Uint8Array, id: string): ContactRecord {
  const record = unpackContact(bytes)
  if (record.id !== id) throw new KithError('storage', 'The record of another contact lies under this key.')
  return record
}

function recordOf({ online: _, ...record }: Contact): ContactRecord {
  return record
}

function looksAlike(a: Contact, b: Contact): boolean {
  const alike = (left: readonly string[], right: readonly string[]) =>
    left.length === right.length && left.every((value, i) => value === right[i])
  return (
    a.online === b.online &&
    a.name === b.name &&
    a.trust === b.trust &&
    a.addedAt === b.addedAt &&
    alike(a.purposes, b.purposes) &&
    alike(a.relays, b.relays)
  )
}

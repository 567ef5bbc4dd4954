/**
 * Where one profile keeps what it knows: small records under text keys. The rest of the SDK sees only this; whether it is
 * IndexedDB, memory or a user's own KeyValueStore is decided once, in open.ts.
 */

import { type Bytes, KithError } from '@kith/protocol'
import type { Stop } from '../api.ts'

/** Every method rejects with 'storage' (or, for a value that cannot be kept by its nature, DataCloneError) and nothing else. */
export interface Store {
  get(key: string): Promise<Bytes | undefined>
  keys(prefix: string): Promise<string[]>
  /**
   * Reads, decides and writes in one transaction, so that of two tabs the second sees what the first wrote. `decide` must be
   * synchronous (a transaction ends as soon as nothing asks anything of it) and pure (it may be called again). Resolves with
   * what is stored afterwards.
   */
  update(key: string, decide: (current: Bytes | undefined) => Decision<Bytes>): Promise<Bytes | undefined>
  /** For what only a structured clone can hold: CryptoKeys. Absent where there are only bytes. */
  readonly objects?: ObjectSlots
  /** `key` was changed by another tab of this profile. */
  onChange(listener: (key: string) => void): Stop
  close(): void
}

/** Like Store, for values that are cloned instead of serialised. They are not announced to other tabs. */
export interface ObjectSlots {
  get(key: string): Promise<unknown>
  update(key: string, decide: (current: unknown) => Decision<unknown>): Promise<unknown>
}

/** What becomes of a record. */
export type Decision<Value> =
  | { readonly kind: 'keep' }
  | { readonly kind: 'put'; readonly value: Value }
  | { readonly kind: 'delete' }

export const KEEP = { kind: 'keep' } as const
export const DELETE = { kind: 'delete' } as const
export const put = <Value>(value: Value) => ({ kind: 'put', value }) as const

/** What is stored after `decision` was taken about `current`. */
export function outcome<Value>(current: Value | undefined, decision: Decision<Value>): Value | undefined {
  switch (decision.kind) {
    case 'keep':
      return current
    case 'put':
      return decision.value
    case 'delete':
      return undefined
  }
}

/** A value that cannot be cloned is its owner's affair, not a failing store. */
export function isCloneError(error: unknown): error is DOMException {
  return error instanceof DOMException && error.name === 'DataCloneError'
}

/** As 'storage', with a sentence that a person can act on. The names are those of the IndexedDB specification, §4 to §6. */
export function storageError(cause: unknown): KithError {
  if (cause instanceof KithError) return cause
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : ''
  return new KithError('storage', SENTENCES[name] ?? 'What this browser stores for the page could not be read or written.', {
    cause,
  })
}

const SENTENCES: Readonly<Record<string, string>> = {
  QuotaExceededError: 'The storage of this browser is full: free some space, then reload.',
  VersionError: 'Another tab runs a newer version of this page: reload this one.',
  InvalidStateError:
    'The storage was closed under this page, by a newer version in another tab or by clearing site data: reload.',
  SecurityError: 'The browser does not let this page store anything: allow site data for it, or leave private browsing.',
  NotAllowedError: 'The browser does not let this page store anything: allow site data for it, or leave private browsing.',
  UnknownError: 'The browser could not open its storage: the disk may be full or the browser profile damaged.',
}

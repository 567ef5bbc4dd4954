import type { AddressKeys } from '../identity/address.ts'
import type { IdentityKeys } from '../identity/keys.ts'
import type { Bytes, Millis, Random } from '../machine.ts'
import type { DialOutput } from './io.ts'

export interface DialConfig {
  readonly identity: IdentityKeys
  /** 16 bytes, drawn anew by each start: two tabs of one identity are two instances. */
  readonly instance: Bytes
  readonly random: Random
  /** A fresh address for replies, used for one dial and never again. Default: drawn at once; a driver may keep some bound ahead. */
  readonly newAddress?: () => AddressKeys
  /** What I call myself and where I can be found, told to whoever proves an invitation. Asked when it is told. */
  readonly introduction: () => { readonly name: string; readonly relays: readonly string[] }
}

/** What a single dial may do to the world: say so, or ask for something to be awaited. */
export interface DialContext extends Required<DialConfig> {
  emit(output: DialOutput): void
  /** `done` or `failed` is called later, from within `handle`. */
  perform<T>(run: () => Promise<T>, done: (result: T, now: Millis) => void, failed: (error: unknown, now: Millis) => void): void
}

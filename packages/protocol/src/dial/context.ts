import type { AddressKeys } from '../identity/address.ts'
import type { IdentityKeys } from '../identity/keys.ts'
import type { PeerId } from '../identity/peer-id.ts'
import type { Bytes, Millis, Random } from '../machine.ts'
import type { DialOutput } from './io.ts'
import type { Presence } from './messages.ts'

export interface DialConfig {
  readonly identity: IdentityKeys
  /** 16 bytes, drawn anew by each start: two tabs of one identity are two instances. */
  readonly instance: Bytes
  readonly random: Random
  /** An address for replies by this carrier, fresh for each dial; questions for presence may use one again. Default: drawn at once; a
   *  driver may keep some bound ahead. */
  readonly newAddress?: (origin: string, isForPresence: boolean) => AddressKeys
  /** What I say of my being online to this contact, by this carrier. Default: nothing. */
  readonly presence?: (remote: PeerId, origin: string) => Presence | undefined
  /** What I call myself and where I can be found, told to whoever proves an invitation. Asked when it is told. */
  readonly introduction: () => { readonly name: string; readonly relays: readonly string[] }
}

/** What a single dial may do to the world: say so, or ask for something to be awaited. */
export interface DialContext extends Required<DialConfig> {
  emit(output: DialOutput): void
  /** `done` or `failed` is called later, from within `handle`. */
  perform<T>(run: () => Promise<T>, done: (result: T, now: Millis) => void, failed: (error: unknown, now: Millis) => void): void
}

import type { PeerId } from '../identity/peer-id.ts'
import type { Bytes, Millis, Random } from '../machine.ts'
import type { DialOutput } from './io.ts'
import type { KeyWork } from './key-work.ts'

export interface DialConfig {
  /** Of this peer. Its private key stays with the driver. */
  readonly id: PeerId
  /** 16 bytes, drawn anew by each start: two tabs of one identity are two instances. */
  readonly instance: Bytes
  readonly random: Random
}

/** What the dials of one machine share. */
export interface DialContext extends DialConfig {
  readonly keys: KeyWork
  /** The X25519 form of our identity's public key. */
  readonly staticKey: Bytes
  /** That of the input which is being handled. */
  now(): Millis
  emit(output: DialOutput): void
}

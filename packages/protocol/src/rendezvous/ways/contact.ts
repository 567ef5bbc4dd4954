/**
 * contact (0): two people who know each other's PeerId. No two origins, epochs or directions share an address, so what a relay saw
 * says nothing about another relay or another day.
 */
import { compare, utf8 } from '../../bytes/bytes.ts'
import { Writer } from '../../bytes/writer.ts'
import { KithError } from '../../errors.ts'
import { x25519PublicKey } from '../../identity/keys.ts'
import { type PeerId, publicKeyOf } from '../../identity/peer-id.ts'
import type { Bytes } from '../../machine.ts'
import { hkdf32 } from '../derivation.ts'
import { epochsAround } from '../epoch.ts'
import { prologueOf } from '../prologue.ts'
import type { Way } from '../way.ts'

const CODE = 0

/** Noise KK; prologue ‖ initiator ‖ responder. Throws 'invalid-argument' where `remote` is not a point on the curve. */
export function contactWay(local: PeerId, remote: PeerId): Way {
  let staticKey: Bytes | undefined
  return {
    replayKey: remote,
    pattern: 'KK',
    get keys() {
      staticKey ??= x25519PublicKey(publicKeyOf(remote))
      return { remote: staticKey }
    },
    remote,
    isOneTime: false,
    agreesWith: remote,
    epochsAt: epochsAround,
    addressSeed: ({ origin, epoch, side, shared }) => {
      const direction = side === 'ours' ? directionOf(local, remote) : directionOf(remote, local)
      return contactAddressSeed({ shared, local, remote, origin, epoch, direction })
    },
    prologue: (route, role) => {
      const [initiator, responder] = role === 'initiator' ? [local, remote] : [remote, local]
      return prologueOf(CODE, route, publicKeyOf(initiator), publicKeyOf(responder))
    },
  }
}

export interface ContactAddress {
  /** X25519 of our static key with the other's, 32 bytes: the same for both. */
  shared: Uint8Array
  local: PeerId
  remote: PeerId
  /** Of the carrier, as the peer that binds publishes it. */
  origin: string
  epoch: number
  /** Of the peer that binds: `directionOf(local, remote)` to listen, `directionOf(remote, local)` to call. */
  direction: 0 | 1
}

/** Swapping `local` and `remote` changes nothing. */
export function contactAddressSeed({ shared, local, remote, origin, epoch, direction }: ContactAddress): Bytes {
  const [lo, hi] = [publicKeyOf(local), publicKeyOf(remote)].sort(compare) as [Bytes, Bytes]
  const info = new Writer().bytes(lo).bytes(hi).prefixed(utf8(origin)).u64(epoch).u8(direction).finish()
  return hkdf32(shared, utf8('kith/1/contact'), info)
}

/** 0 when `local` is the one of the two whose public key sorts first. Throws 'invalid-argument' for one person twice. */
export function directionOf(local: PeerId, remote: PeerId): 0 | 1 {
  const order = compare(publicKeyOf(local), publicKeyOf(remote))
  if (order === 0) throw new KithError('invalid-argument', 'Cannot dial your own PeerId.')
  return order < 0 ? 0 : 1
}

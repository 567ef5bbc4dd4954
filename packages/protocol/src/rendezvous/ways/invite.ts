/**
 * invite (3): those who have the link's secret (16 bytes). Its epoch is 0: the address lives as long as the invitation. Noise
 * NNpsk0: neither knows the other beforehand, and each proves who they are inside.
 */
import { hex, utf8 } from '../../bytes/bytes.ts'
import { Writer } from '../../bytes/writer.ts'
import type { Bytes } from '../../machine.ts'
import { hkdf32 } from '../derivation.ts'
import { prologueOf } from '../prologue.ts'
import type { Way } from '../way.ts'

const CODE = 3

export function inviteWay(secret: Uint8Array): Way {
  const psk = invitePsk(secret)
  const kept = secret.slice()
  return {
    replayKey: hex(psk),
    pattern: 'NNpsk0',
    keys: { psk },
    remote: undefined,
    isOneTime: true,
    agreesWith: undefined,
    epochsAt: () => [0],
    addressSeed: ({ origin }) => inviteAddressSeed(kept, origin),
    prologue: (route) => prologueOf(CODE, route),
  }
}

export function inviteAddressSeed(secret: Uint8Array, origin: string): Bytes {
  return hkdf32(secret, undefined, new Writer().bytes(utf8('kith/1/invite-addr')).prefixed(utf8(origin)).finish())
}

/** The psk (32 bytes) of the handshake. */
export function invitePsk(secret: Uint8Array): Bytes {
  return hkdf32(secret, undefined, utf8('kith/1/invite-psk'))
}

/** Names an invitation that was taken up, where its secret must not be kept: 32 bytes. Never leaves the browser. */
export function inviteMark(secret: Uint8Array): Bytes {
  return hkdf32(secret, undefined, utf8('kith/1/invite-mark'))
}

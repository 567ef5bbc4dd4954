/** The Noise handshake of one knock: what both sides know beforehand decides the pattern. */
import { x25519PublicKey } from '../identity/keys.ts'
import { publicKeyOf } from '../identity/peer-id.ts'
import { createHandshake, type Handshake } from '../noise/handshake.ts'
import type { Role } from '../noise/pattern.ts'
import type { DialContext } from './context.ts'
import { prologue, type Route, type Way } from './prologue.ts'

/** `role`: ours. Throws 'invalid-argument' where a PeerId is not of a point on the curve. */
export function dialHandshake(role: Role, way: Way, route: Route, { id, keys, staticKey }: DialContext): Handshake {
  const ephemeral = keys.newKey()
  if (way.kind === 'invite') {
    const unnamed = prologue(way, route, undefined)
    return createHandshake({ pattern: 'NNpsk0', role, prologue: unnamed, ephemeral, psk: way.psk })
  }
  const [initiator, responder] = role === 'initiator' ? [id, way.remote] : [way.remote, id]
  return createHandshake({
    pattern: 'KK',
    role,
    prologue: prologue(way, route, { initiator, responder }),
    ephemeral,
    local: staticKey,
    remote: x25519PublicKey(publicKeyOf(way.remote)),
  })
}

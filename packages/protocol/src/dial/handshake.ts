/** The Noise handshake of one knock: what both sides know beforehand decides the pattern. */
import { x25519PublicKey } from '../identity/keys.ts'
import { publicKeyOf } from '../identity/peer-id.ts'
import { createHandshake, type Handshake } from '../noise/handshake.ts'
import type { Role } from '../noise/pattern.ts'
import type { DialContext } from './context.ts'
import { prologue, type Route, type Way } from './prologue.ts'

/** `role`: ours. Throws 'invalid-argument' where a PeerId is not of a point on the curve. */
export function dialHandshake(role: Role, way: Way, route: Route, { identity, random }: DialContext): Handshake {
  const { newEphemeral } = identity
  if (way.kind === 'invite') {
    const unnamed = prologue(way, route, undefined)
    return createHandshake({ pattern: 'NNpsk0', role, prologue: unnamed, random, newEphemeral, psk: way.psk })
  }
  const [initiator, responder] = role === 'initiator' ? [identity.id, way.remote] : [way.remote, identity.id]
  return createHandshake({
    pattern: 'KK',
    role,
    prologue: prologue(way, route, { initiator, responder }),
    random,
    newEphemeral,
    local: identity.keyAgreement,
    remote: x25519PublicKey(publicKeyOf(way.remote)),
  })
}

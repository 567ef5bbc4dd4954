/** The Noise handshake of one knock, as its way has it. */
import { createHandshake, type Handshake } from '../noise/handshake.ts'
import { hasStatic, PATTERNS, type Role } from '../noise/pattern.ts'
import type { Route, Way } from '../rendezvous/way.ts'
import type { DialContext } from './context.ts'

/** `role`: ours. Throws 'invalid-argument' where a PeerId is not of a point on the curve. */
export function dialHandshake(role: Role, way: Way, route: Route, { keys, staticKey }: DialContext): Handshake {
  const { pattern } = way
  return createHandshake({
    pattern,
    role,
    prologue: way.prologue(route, role),
    ephemeral: keys.newKey(),
    ...(hasStatic(PATTERNS[pattern], role) && { local: staticKey }),
    ...way.keys,
  })
}

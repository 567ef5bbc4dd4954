/** Who we are, told and believed inside the session: an invitation is dialled by people who have no key of each other yet. */
import { KithError } from '../errors.ts'
import { verify } from '../identity/keys.ts'
import { publicKeyOf } from '../identity/peer-id.ts'
import type { Millis } from '../machine.ts'
import type { DialContext } from './context.ts'
import type { Exchange } from './exchange.ts'
import type { DialMessage } from './messages.ts'
import { proofOfIdentity, type Role } from './proof.ts'

/** Signs, then calls `done`, which may `tell` or, if things have changed meanwhile, not. `failed`: the key could not sign. */
export function introduce(
  exchange: Exchange,
  role: Role,
  context: DialContext,
  done: (tell: () => void, now: Millis) => void,
  failed: (error: KithError) => void,
): void {
  const { identity, introduction } = context
  const { id } = identity
  context.perform(
    () => identity.sign(proofOfIdentity(role, exchange.noise.hash, id)),
    (signature, now) => done(() => exchange.say({ type: 'prove', id, signature, ...introduction() }), now),
    (cause) => failed(new KithError('storage', 'The identity key of this peer could not sign.', { cause })),
  )
}

/** Whether the one in this role is who they say they are. */
export function isProven(exchange: Exchange, role: Role, { id, signature }: Extract<DialMessage, { type: 'prove' }>): boolean {
  return verify(signature, proofOfIdentity(role, exchange.noise.hash, id), publicKeyOf(id))
}

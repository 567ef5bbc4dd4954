/** Who we are, told and believed inside the session: an invitation is dialled by people who have no key of each other yet. */
import { KithError } from '../errors.ts'
import { verify } from '../identity/keys.ts'
import { publicKeyOf } from '../identity/peer-id.ts'
import type { DialContext } from './context.ts'
import type { Exchange } from './exchange.ts'
import type { DialNumber } from './io.ts'
import type { DialMessage } from './messages.ts'
import { proofOfIdentity, type Role } from './proof.ts'

/** Signs, then calls `done`, which calls `tell` unless things have changed meanwhile. `failed`: the key could not sign. */
export function introduce(
  dial: DialNumber,
  exchange: Exchange,
  role: Role,
  { id, keys }: DialContext,
  done: (tell: () => void) => void,
  failed: (error: KithError) => void,
): void {
  keys.sign(
    dial,
    proofOfIdentity(role, exchange.noise.hash, id),
    (signature, { name, relays }) => done(() => exchange.say({ type: 'prove', id, signature, name, relays })),
    (cause) => failed(new KithError('storage', 'The identity key of this peer could not sign.', { cause })),
  )
}

/** Whether the one in this role is who they say they are. */
export function isProven(exchange: Exchange, role: Role, { id, signature }: Extract<DialMessage, { type: 'prove' }>): boolean {
  return verify(signature, proofOfIdentity(role, exchange.noise.hash, id), publicKeyOf(id))
}

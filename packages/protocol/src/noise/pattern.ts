/**
 * Handshake patterns, as the Noise specification (revision 34) writes them. Adding one is adding a row, for patterns of the
 * tokens below; section numbers here and in the files beside are that specification's.
 */

/** §5.3 and §9.2: what each token does stands in handshake.ts. */
export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk'

export type Role = 'initiator' | 'responder'

export interface Pattern {
  /** §7.1: whose static key the other side knows before the first message. */
  readonly preMessages: readonly Role[]
  /** From the initiator, then in turns. */
  readonly messages: readonly (readonly Token[])[]
}

export const PATTERNS = {
  /** §7.5. Both know each other: contacts. */
  KK: {
    preMessages: ['initiator', 'responder'],
    messages: [
      ['e', 'es', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  /** §7.5. Only the responder is known before: its PeerId is public. */
  IK: {
    preMessages: ['responder'],
    messages: [
      ['e', 'es', 's', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  /** §7.4 and §9.4. No key is known before, a secret is shared: invites, rooms, nearby. */
  NNpsk0: {
    preMessages: [],
    messages: [
      ['psk', 'e'],
      ['e', 'ee'],
    ],
  },
} as const satisfies Record<string, Pattern>

export type PatternName = keyof typeof PATTERNS

/** §8: `Noise_` pattern, DH, cipher and hash. One suite everywhere, so nothing is negotiated. */
export function protocolName(pattern: PatternName): string {
  return `Noise_${pattern}_25519_ChaChaPoly_SHA256`
}

/** Whether `role` needs a static key of its own: it is known beforehand, or `role` sends it. */
export function hasStatic(pattern: Pattern, role: Role): boolean {
  const sends = pattern.messages.some((tokens, turn) => tokens.includes('s') && turnOf(turn) === role)
  return pattern.preMessages.includes(role) || sends
}

/** Who writes message number `turn`, counted from 0. */
export function turnOf(turn: number): Role {
  return turn % 2 === 0 ? 'initiator' : 'responder'
}

export function otherThan(role: Role): Role {
  return role === 'initiator' ? 'responder' : 'initiator'
}

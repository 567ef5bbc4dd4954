/** Every way in which Kith says no. Branch on `code`, never on the message or the class. */
export type ErrorCode =
  | 'invalid-peer-id'
  | 'invalid-protocol'
  | 'invalid-invite'
  | 'invalid-argument'
  | 'unsupported-environment'
  // dialling
  | 'no-answer'
  | 'no-relay'
  | 'unreachable'
  | 'needs-turn'
  | 'blocked'
  // refusals
  | 'unsupported-protocol'
  | 'refused'
  | 'too-large'
  | 'too-many'
  | 'rate-limited'
  // ends
  | 'timeout'
  | 'aborted'
  | 'closed'
  | 'reset'
  | 'lost'
  | 'peer-violation'
  // what is kept
  | 'expired'
  | 'used'
  | 'locked'
  | 'storage'

/** Who ended it. */
export type ErrorSource = 'local' | 'remote' | 'network' | 'relay'

export interface KithErrorOptions {
  source?: ErrorSource
  cause?: unknown
  streamCode?: number
  retryAfterMs?: number
}

/** `name` is 'AbortError' for 'aborted' (`cause`: `signal.reason`), 'TimeoutError' for 'timeout', else 'KithError'. */
export class KithError extends Error {
  readonly code: ErrorCode
  readonly source: ErrorSource
  /** What the remote gave to `reset`, `cancel` or `abort`. */
  readonly streamCode?: number
  readonly retryAfterMs?: number

  constructor(code: ErrorCode, message?: string, options: KithErrorOptions = {}) {
    super(message ?? code)
    if (options.cause !== undefined) this.cause = options.cause
    this.name = code === 'aborted' ? 'AbortError' : code === 'timeout' ? 'TimeoutError' : 'KithError'
    this.code = code
    this.source = options.source ?? 'local'
    if (options.streamCode !== undefined) this.streamCode = options.streamCode
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}

/** What a remote sent breaks the protocol: junk, truncated, beyond a limit, or out of turn. */
export function violation(message = 'The other side broke the protocol.', cause?: unknown): KithError {
  return new KithError('peer-violation', message, { source: 'remote', cause })
}

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

/** What is said where whoever throws says nothing more: a message is never just its code. */
const SENTENCES: Readonly<Record<ErrorCode, string>> = {
  'invalid-peer-id': 'This is not a PeerId.',
  'invalid-protocol': 'This is not a ProtocolName.',
  'invalid-invite': 'This is not an invitation link.',
  'invalid-argument': 'What was passed in cannot be used.',
  'unsupported-environment': 'Kith cannot work here.',
  'no-answer': 'They did not answer: they are away, do not know you, or do not want to.',
  'no-relay': 'No relay could be reached.',
  unreachable: 'They answered, but no path between the two of you came up.',
  'needs-turn': 'Reaching them without disclosing your network address needs a TURN server.',
  blocked: 'You have blocked this contact.',
  'unsupported-protocol': 'They do not serve this protocol.',
  refused: 'They turned it down.',
  'too-large': 'This is larger than its limit.',
  'too-many': 'There are as many of these as there may be.',
  'rate-limited': 'This went too fast: wait before the next try.',
  timeout: 'It was not done in time.',
  aborted: 'The operation was aborted.',
  closed: 'It has been closed.',
  reset: 'The stream was reset.',
  lost: 'The connection was lost.',
  'peer-violation': 'The other side broke the protocol.',
  expired: 'It has expired.',
  used: 'It has been used.',
  locked: 'The identity is locked.',
  storage: 'What is stored could not be read or written.',
}

/** A KithError as JSON: what a log keeps. */
export interface KithErrorJson {
  readonly name: string
  readonly code: ErrorCode
  readonly message: string
  readonly source: ErrorSource
  readonly streamCode?: number
  readonly retryAfterMs?: number
  /** The message of the cause. */
  readonly cause?: string
}

/**
 * `name` is 'AbortError' for 'aborted' (`cause`: `signal.reason`), 'TimeoutError' for 'timeout', else 'KithError'.
 *
 * Of any Error `structuredClone` and `postMessage` keep `message`, `stack` and `cause`, and make the name 'Error' (HTML,
 * StructuredSerializeInternal): `code` and `streamCode` are lost. Send `toJSON()`, which keeps them: what `abort` or `cancel` of a
 * stream is given may be that as well. A stream code stands in the message, too.
 */
export class KithError extends Error {
  readonly code: ErrorCode
  readonly source: ErrorSource
  /** What the remote gave to `reset`, `cancel` or `abort`. */
  readonly streamCode?: number
  readonly retryAfterMs?: number

  constructor(code: ErrorCode, message?: string, options: KithErrorOptions = {}) {
    super(message ?? SENTENCES[code])
    if (options.cause !== undefined) this.cause = options.cause
    this.name = code === 'aborted' ? 'AbortError' : code === 'timeout' ? 'TimeoutError' : 'KithError'
    this.code = code
    this.source = options.source ?? 'local'
    if (options.streamCode !== undefined) this.streamCode = options.streamCode
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }

  /** JSON would otherwise lose the message: an Error's own is not enumerable. */
  toJSON(): KithErrorJson {
    const { name, code, message, source, streamCode, retryAfterMs, cause } = this
    return {
      name,
      code,
      message,
      source,
      ...(streamCode === undefined ? {} : { streamCode }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(cause === undefined ? {} : { cause: textOf(cause) }),
    }
  }
}

/** DOMExceptions have a message, and are not Errors everywhere. A cause may be anything, also what cannot become text. */
function textOf(cause: unknown): string {
  try {
    const { message } = Object(cause) as { message?: unknown }
    return typeof message === 'string' && message !== '' ? message : String(cause)
  } catch {
    return typeof cause
  }
}

/** What a remote sent breaks the protocol: junk, truncated, beyond a limit, or out of turn. */
export function violation(message = 'The other side broke the protocol.', cause?: unknown): KithError {
  return new KithError('peer-violation', message, { source: 'remote', cause })
}

/** Why something failed. Branch on it, never on the message or the class. */
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
  // storage and invitations
  | 'expired'
  | 'used'
  | 'locked'
  | 'storage'

/** Which side ended it. */
export type ErrorSource = 'local' | 'remote' | 'network' | 'relay'

/** What an error carries besides its code and message. */
export interface KithErrorOptions {
  source?: ErrorSource
  cause?: unknown
  streamCode?: number
  retryAfterMs?: number
}

/** The default messages. A message is a sentence, never just its code. */
const SENTENCES: Readonly<Record<ErrorCode, string>> = {
  'invalid-peer-id': 'This is not a PeerId.',
  'invalid-protocol': 'This is not a ProtocolName.',
  'invalid-invite': 'This is not an invitation link.',
  'invalid-argument': 'An argument is not valid.',
  'unsupported-environment': 'Kith cannot work here.',
  'no-answer': 'They did not answer: they are away, do not know you, or do not want to.',
  'no-relay': 'No relay could be reached.',
  unreachable: 'They answered, but no path to them came up.',
  'needs-turn': 'Reaching them without disclosing your network address needs a TURN server.',
  blocked: 'You have blocked this contact.',
  'unsupported-protocol': 'They do not serve this protocol.',
  refused: 'They declined.',
  'too-large': 'This is larger than its limit.',
  'too-many': 'The limit for these is reached.',
  'rate-limited': 'Too many requests: wait before the next try.',
  timeout: 'The time limit was reached.',
  aborted: 'The operation was aborted.',
  closed: 'It is closed.',
  reset: 'The stream was reset.',
  lost: 'The connection was lost.',
  'peer-violation': 'The other side broke the protocol.',
  expired: 'It has expired.',
  used: 'It was used already.',
  locked: 'The identity is locked.',
  storage: 'The storage could not be read or written.',
}

/** A KithError as JSON, for logs and messages. */
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
 * Every rejection of Kith's. `name` is 'AbortError' for 'aborted' (`cause` is `signal.reason`), 'TimeoutError' for 'timeout', else
 * 'KithError'. `message` says what is so and what to do.
 *
 * `structuredClone` and `postMessage` lose `code` and `streamCode`: of an Error they keep `message`, `stack` and `cause` (HTML,
 * StructuredSerializeInternal). Send `toJSON()` instead. `abort` and `cancel` of a stream take that too.
 */
export class KithError extends Error {
  /** What happened: branch on it. */
  readonly code: ErrorCode
  /** Which side ended it. 'local': this peer. 'network': the path, or no answer. */
  readonly source: ErrorSource
  /** With 'reset': the code that the remote gave to `reset`, `cancel` or `abort`. */
  readonly streamCode?: number
  /** With 'rate-limited': how long to wait. */
  readonly retryAfterMs?: number

  /** Without a message it has the code's own sentence. Default source: 'local'. */
  constructor(code: ErrorCode, message?: string, options: KithErrorOptions = {}) {
    super(message ?? SENTENCES[code])
    if (options.cause !== undefined) this.cause = options.cause
    this.name = code === 'aborted' ? 'AbortError' : code === 'timeout' ? 'TimeoutError' : 'KithError'
    this.code = code
    this.source = options.source ?? 'local'
    if (options.streamCode !== undefined) this.streamCode = options.streamCode
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }

  /** For `JSON.stringify` and `postMessage`, which would lose the message or the code. */
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

/** A DOMException has a message, but is not an Error everywhere. A cause may be anything, also what cannot become text. */
function textOf(cause: unknown): string {
  try {
    const { message } = Object(cause) as { message?: unknown }
    return typeof message === 'string' && message !== '' ? message : String(cause)
  } catch {
    return typeof cause
  }
}

/** For input of a remote that breaks the protocol: not decodable, truncated, beyond a limit, or out of order. */
export function violation(message = 'The other side broke the protocol.', cause?: unknown): KithError {
  return new KithError('peer-violation', message, { source: 'remote', cause })
}

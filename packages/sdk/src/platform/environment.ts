/**
 * All that may be wrong with what a host gives: an API may be missing, to look at it may throw (a getter, where cookies are blocked),
 * its constructor or a call may throw or reject (an opaque origin), and a call may never answer. None of that may keep a peer from
 * working with what is left.
 */
import { KithError } from '@kith/protocol'

/** What `checkEnvironment` looks at; the page's global scope, or a test's. */
export interface Environment {
  readonly isSecureContext?: boolean
  readonly crypto?: { readonly subtle?: unknown; readonly getRandomValues?: unknown }
  readonly RTCPeerConnection?: unknown
  readonly WebSocket?: unknown
  /** There in pages alone. */
  readonly document?: unknown
  /** There in workers of each kind alone (HTML §10.2.1). */
  readonly WorkerGlobalScope?: unknown
}

/** What a user passes in where the platform has none. */
export interface Brought {
  readonly wrtc?: Partial<Record<(typeof WRTC_MEMBERS)[number], unknown>> | undefined
  readonly webSocket?: unknown
  /** Whether there is a relay to be reached by WebSocket. */
  readonly hasRelays?: boolean
}

const WRTC_MEMBERS = ['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate'] as const

/**
 * Whether Kith can work here at all. Throws 'unsupported-environment' with a sentence that says what is so and what to do, and
 * 'invalid-argument' for a `wrtc` or `webSocket` that is none.
 */
export function checkEnvironment(brought: Brought = {}, environment: Environment = globalThis): void {
  const { wrtc, webSocket, hasRelays = false } = brought
  checkBrought(brought)
  const isWorker = typeof given(() => environment.WorkerGlobalScope) === 'function'
  if (isWorker && wrtc === undefined) {
    throw unsupported(
      'Workers have no WebRTC: create the peer in the page, and pass the streams or messages of a conversation to the worker.',
    )
  }
  // WebCrypto is absent from insecure pages (https://w3c.github.io/webcrypto/#crypto-interface), so this comes first: it is the cause.
  if (given(() => environment.isSecureContext) === false) {
    throw unsupported('Open this page over https or on localhost: browsers allow encryption only there.')
  }
  const isPage = given(() => environment.document) !== undefined
  const crypto = given(() => environment.crypto)
  if (!given(() => crypto?.subtle) || !given(() => crypto?.getRandomValues)) {
    throw unsupported('There is no WebCrypto here: use a current Chrome, Edge, Firefox or Safari, or Node 20 or later.')
  }
  if (wrtc === undefined && typeof given(() => environment.RTCPeerConnection) !== 'function') {
    throw unsupported(
      isPage
        ? 'WebRTC is missing or switched off here: allow it in the browser’s settings or extensions, or use a current Chrome, Edge, Firefox or Safari.'
        : 'WebRTC is missing outside a browser’s page: create the peer in the page; in Node pass `wrtc`, for example what @roamhq/wrtc exports.',
    )
  }
  if (hasRelays && webSocket === undefined && typeof given(() => environment.WebSocket) !== 'function') throw noWebSocket()
}

/** Relays are reached by it, and there is none. */
export function noWebSocket(): KithError {
  return unsupported(
    'There is no WebSocket here, and relays are reached by it: in Node 20 pass `webSocket`, that of the package ws.',
  )
}

/**
 * What looking gives. Undefined where there is nothing, and where the browser forbids even to look: a caller that goes on without it
 * treats both alike.
 */
export function given<T>(look: () => T | null | undefined): T | undefined {
  try {
    return look() ?? undefined
  } catch {
    return undefined
  }
}

/** Settles as `work` does; rejects with what `late` gives when that has not come within `ms`. */
export function within<T>(ms: number, work: Promise<T>, late: () => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function checkBrought({ wrtc, webSocket }: Brought): void {
  if (wrtc !== undefined) {
    const missing = WRTC_MEMBERS.find((name) => typeof given(() => wrtc?.[name]) !== 'function')
    if (missing) {
      throw new KithError(
        'invalid-argument',
        `\`wrtc\` has no ${missing}: pass what a WebRTC package exports, such as the default export of @roamhq/wrtc.`,
      )
    }
  }
  if (webSocket !== undefined && typeof webSocket !== 'function') {
    throw new KithError(
      'invalid-argument',
      '`webSocket` is not a class: pass one like the browser’s, such as WebSocket of the package ws.',
    )
  }
}

function unsupported(message: string): KithError {
  return new KithError('unsupported-environment', message)
}

import { KithError } from '@kith/protocol'

/** What `checkEnvironment` looks at; the page's global scope, or a test's. */
export interface Environment {
  readonly isSecureContext?: boolean
  readonly crypto?: { readonly subtle?: unknown; readonly getRandomValues?: unknown }
  readonly RTCPeerConnection?: unknown
}

/**
 * Whether Kith can work here at all. Throws 'unsupported-environment' with a sentence for the person in front of it.
 * `wrtc`: an implementation that was passed in, where the platform has none.
 */
export function checkEnvironment(wrtc?: { readonly RTCPeerConnection: unknown }, environment: Environment = globalThis): void {
  // WebCrypto is absent from insecure pages (https://w3c.github.io/webcrypto/#crypto-interface), so this comes first: it is the cause.
  if (environment.isSecureContext === false) {
    throw unsupported('Open this page over https or on localhost: browsers allow encryption only there.')
  }
  if (!environment.crypto?.subtle || !environment.crypto.getRandomValues) {
    throw unsupported('This browser has no WebCrypto: use a current Chrome, Edge, Firefox or Safari (or Node 20 or later).')
  }
  if (!wrtc?.RTCPeerConnection && !environment.RTCPeerConnection) {
    throw unsupported(
      'WebRTC is missing or switched off here: allow it in the browser’s settings or extensions, or use a current Chrome, Edge, Firefox or Safari; in Node pass `wrtc`.',
    )
  }
}

function unsupported(message: string): KithError {
  return new KithError('unsupported-environment', message)
}

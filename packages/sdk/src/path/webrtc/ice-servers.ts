/** ICE servers as a user names them: whether the browser takes them, and which one it does not. */
import { KithError } from '@kith/protocol'

type Implementation = new (configuration: RTCConfiguration) => Pick<RTCPeerConnection, 'close'>

/** That it is a list of servers with addresses. Throws 'invalid-argument' naming the entry. */
export function parseIceServers(servers: unknown): RTCIceServer[] {
  if (!Array.isArray(servers)) {
    throw new KithError(
      'invalid-argument',
      'iceServers must be a list of servers like { urls: "stun:…" }, or a function that gives one.',
    )
  }
  servers.forEach((server: unknown, at) => {
    const { urls } = Object(server) as { urls?: unknown }
    const list: unknown[] = Array.isArray(urls) ? urls : [urls]
    if (list.length === 0 || !list.every((url) => typeof url === 'string')) {
      throw new KithError(
        'invalid-argument',
        `iceServers[${at}] has no address: it must be like { urls: "stun:stun.example:3478" }.`,
      )
    }
  })
  return servers
}

/** That the browser takes them: one connection is made and closed. Throws 'invalid-argument' naming the entry that it refuses. */
export function checkIceServers(servers: readonly RTCIceServer[], RTCPeerConnection: Implementation): void {
  if (servers.length === 0) return
  const refusal = refusalOf(servers, RTCPeerConnection)
  // Where it refuses any connection, that is said by the dials, as to those who name no servers.
  if (refusal && !refusalOf([], RTCPeerConnection)) throw refusedIceServers(servers, RTCPeerConnection, refusal.cause)
}

/** Why a connection with these servers could not be made, as far as that is due to one of them. */
export function refusedIceServers(
  servers: readonly RTCIceServer[],
  RTCPeerConnection: Implementation,
  cause: unknown,
): KithError {
  const any = refusalOf([], RTCPeerConnection)
  if (any) {
    const words = `The browser refuses any connection, whatever the ICE servers: ${wordsOf(any.cause)}`
    return new KithError('unreachable', words, { source: 'local', cause: any.cause })
  }
  for (const [at, server] of servers.entries()) {
    const refusal = refusalOf([server], RTCPeerConnection)
    if (!refusal) continue
    const urls = JSON.stringify([server.urls].flat().join(', '))
    return new KithError(
      'invalid-argument',
      `The browser refuses iceServers[${at}], ${urls}: ${adviceFor(server, refusal.cause)}`,
      {
        cause: refusal.cause,
      },
    )
  }
  return new KithError('invalid-argument', `The browser refuses a connection with these iceServers: ${wordsOf(cause)}`, { cause })
}

function refusalOf(iceServers: readonly RTCIceServer[], RTCPeerConnection: Implementation): { cause: unknown } | undefined {
  try {
    new RTCPeerConnection({ iceServers: [...iceServers] }).close()
    return undefined
  } catch (cause) {
    return { cause }
  }
}

/** RFC 7064 §3.1, RFC 7065 §3.1; webrtc-pc §4.2.1: what most often is wrong, and what the browser says. */
function adviceFor({ urls, username, credential }: RTCIceServer, cause: unknown): string {
  const list = [urls].flat()
  if (list.some((url) => !/^(stun|turn)s?:/i.test(url)))
    return `an address begins with stun:, stuns:, turn: or turns:. ${wordsOf(cause)}`
  if (list.some((url) => /^(stun|turn)s?:\/\//i.test(url)))
    return `an address has no slashes: stun:stun.example:3478. ${wordsOf(cause)}`
  const isTurn = list.some((url) => /^turns?:/i.test(url))
  if (isTurn && (!username || !credential)) return `a TURN server needs a username and a credential. ${wordsOf(cause)}`
  return wordsOf(cause)
}

/** As a sentence. */
function wordsOf(cause: unknown): string {
  const words = cause instanceof Error || cause instanceof DOMException ? cause.message : String(cause)
  return words.endsWith('.') ? words : `${words}.`
}

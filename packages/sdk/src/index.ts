/**
 * Kith: open a stream to a person, not to an address.
 *
 * A `Peer` is me; others are PeerIds. What we say to each other has a ProtocolName and flows as a `Stream` (reliable bytes),
 * `Datagrams` (unreliable messages) or `Media` (live tracks). Each is served with `handle…` and opened with `open…`; what flows is a
 * WHATWG stream, what happens is an event.
 *
 *     const peer = await createPeer()
 *     peer.handle('/chat/v1', async (stream) => {
 *       for await (const message of messages(stream)) console.log(message.text())
 *     })
 *     const chat = messages(await peer.open(ada, '/chat/v1'))
 *     await chat.send('hello')
 *     await chat.close()
 *
 * Everywhere: …Ms are milliseconds, …At milliseconds since 1970, sizes bytes. Every rejection is a `KithError`: branch on `code`.
 */
import type { Peer, PeerOptions } from './api.ts'
import { openPeer } from './peer.ts'

export type { Bytes, ErrorCode, PeerId, ProtocolName } from '@kith/protocol'
export { isPeerId, isProtocolName, KithError, parsePeerId, STREAM_CODES } from '@kith/protocol'
export type * from './api.ts'
export { verify } from './identity/identity.ts'
export { type InvitePreview, linkKind, readInvite } from './people/links.ts'
export { type Message, type Messages, messages } from './session/messages.ts'

/** Resolves once the identity is there; relays come later (`status`). Where IndexedDB is unusable, the identity lasts for the
 *  session and `status.storage` says so. Errors: 'unsupported-environment' 'invalid-argument'. */
export function createPeer(options: PeerOptions = {}): Promise<Peer> {
  return openPeer(options)
}

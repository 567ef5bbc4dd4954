/** What has to be opened before there is a peer: options, storage, and what is kept there. */
import type { PeerOptions } from './api.ts'
import { LocalIdentity } from './identity/identity.ts'
import { openIdentity } from './identity/vault.ts'
import { checkIceServers } from './path/webrtc/ice-servers.ts'
import { type ParsedOptions, parsePeerOptions } from './peer-options.ts'
import { ContactBook } from './people/contacts.ts'
import { InviteBook } from './people/invites.ts'
import { browserWebRtc, type WebRtc } from './platform/browser.ts'
import { checkEnvironment } from './platform/environment.ts'
import { type OpenedStore, openStore } from './storage/open.ts'

export interface OpenedParts {
  readonly options: ParsedOptions
  readonly storage: OpenedStore
  readonly keys: Awaited<ReturnType<typeof openIdentity>>['keys']
  readonly identity: LocalIdentity
  readonly contacts: ContactBook
  readonly invites: InviteBook
}

/** Errors: as `createPeer`. */
export async function openParts(options: PeerOptions): Promise<OpenedParts> {
  const parsed = parsePeerOptions(options)
  checkEnvironment({ wrtc: options.wrtc, webSocket: options.webSocket, hasRelays: parsed.relays.length > 0 })
  const { profile, iceServers } = parsed
  const RTCPeerConnection = ((options.wrtc as WebRtc | undefined) ?? browserWebRtc())?.RTCPeerConnection
  if (Array.isArray(iceServers) && RTCPeerConnection) checkIceServers(iceServers, RTCPeerConnection)
  const storage = await openStore({ profile, storage: options.storage })
  const { store } = storage
  try {
    const { keys } = await openIdentity(store)
    const identity = await LocalIdentity.open(store, keys)
    const contacts = await ContactBook.open({ store, self: keys.id })
    const invites = await InviteBook.open({ store })
    return { options: parsed, storage, keys, identity, contacts, invites }
  } catch (error) {
    store.close()
    throw error
  }
}

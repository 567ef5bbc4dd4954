/**
 * The shapes of Kith's public API, with their documentation. index.ts exports them.
 *
 * Everywhere: …Ms are milliseconds, …At milliseconds since 1970, sizes bytes. Every rejection is a `KithError`. Every `closed` fulfils
 * after a clean end and rejects otherwise; it is never an unhandled rejection. What a listener throws goes to `reportError`. What a
 * handler or a listener of datagrams throws goes to the console, because a remote's input may be the cause.
 */
import type { Bytes, KithError, PeerId, ProtocolName } from '@kith/protocol'

/** Undoes a registration: call it, or let `using` do so. Calling it again does nothing. */
export type Stop = (() => void) & Disposable

/** Events by name. */
export interface Events<Map> {
  /** What a listener throws or rejects with goes to `reportError` and does not disturb other listeners. */
  on<E extends keyof Map>(event: E, listener: (payload: Map[E]) => unknown): Stop
}

/** One name, or several in order of preference: the first that the remote serves is used. */
export type Protocols = ProtocolName | readonly ProtocolName[]
/** A PeerId, or anything that has one, such as a Contact. */
export type Who = PeerId | { readonly id: PeerId }

// ── me ───────────────────────────────────────────────────────────────────────────────────────

/** The options of `createPeer`. Unknown names are refused with 'invalid-argument'. */
export interface PeerOptions {
  /** URLs of WebSocket relays, in order of preference. Contacts find me through all of them. A dial uses all of them, then those
   *  that the contact publishes. Default: '/relay' of the page's own origin; in Node none. */
  relays?: string[]
  /** Which person in this browser; each has its own IndexedDB database. All tabs of one profile are one peer: any tab may dial,
   *  one answers. Default 'default'. */
  profile?: string
  /** Where the identity and the address book are kept. 'memory': a new identity that lasts as long as this page, so two tabs are
   *  two peers. Default: IndexedDB. Without one (Node) they last for the session, and `status.storage` says so. */
  storage?: KeyValueStore | 'memory'
  /** Who can find me. Default 'contacts'. */
  findableBy?: Audience
  /** How much of my network address a peer may learn. Default: 'direct' for trusted contacts and for a peer that proved an
   *  invitation's secret, else 'relayed': only through TURN; without a TURN server such a dial fails with 'needs-turn'.
   *  For an open invitation the guest is not known yet: it is called without `id`. If it throws, nothing is disclosed. 'public',
   *  'room' and 'nearby' are for later versions. */
  disclose?(who: {
    id?: PeerId
    contact?: Contact
    room?: string
    via: 'contact' | 'public' | 'invite' | 'room' | 'nearby'
  }): Disclosure
  /** Whether contacts may see that I am online. If false, I do not see whether they are. Default true. */
  presence?: boolean
  /** The page that invitation links open, with its query. Default: this page without its query. In Node it is needed to make links. */
  page?: string | URL
  /** STUN and TURN servers, or a function that gives them. Default none: then peers connect only within one network. */
  iceServers?: RTCIceServer[] | (() => Promise<RTCIceServer[]>)
  /** A WebSocket class for hosts without one (Node 20), such as that of the package ws. Default: the global one. */
  webSocket?: typeof WebSocket | WebSocketClass
  /** A WebRTC implementation, for Node. Default: the browser's. */
  wrtc?: { RTCPeerConnection: unknown; RTCSessionDescription: unknown; RTCIceCandidate: unknown }
  /** The most RTCPeerConnections at once. Default 32. */
  maxConnections?: number
  /** Find tabs of the same browser without a relay. Default true in a browser. */
  local?: boolean
}
/** The part of a WebSocket class that is used. ws has it, though its types differ from the browser's. */
export type WebSocketClass = new (
  url: string,
) => { binaryType: string; send(data: Uint8Array): void; close(): void; addEventListener: unknown }
/** 'contacts': my contacts can find me. 'nobody': no peer can; I can still dial. */
export type Audience = 'contacts' | 'nobody'
/** 'direct': the peer learns my network address. 'relayed': it does not, all traffic goes through a TURN server. */
export type Disclosure = 'direct' | 'relayed'

/** Me: an identity, its contacts, and what it serves and opens. Made by `createPeer`. */
export interface Peer extends Endpoint, Events<PeerEvents>, AsyncDisposable {
  /** My public key as text: 52 characters, '12D3KooW…'. */
  readonly id: PeerId
  /** My name and signatures. */
  readonly identity: Identity
  /** My address book. */
  readonly contacts: Contacts
  /** Live connections by PeerId. If a remote has several devices or tabs: the one last used. */
  readonly connections: ReadonlyMap<PeerId, Connection>
  /** What works now; a 'status' event follows each change. */
  readonly status: PeerStatus
  /** May be set at any time; takes effect at once. */
  findableBy: Audience
  /** Connects ahead of the first `open…`, which would connect by itself. Errors as `open`. */
  connect(to: Who, options?: DialOptions): Promise<Connection>
  /** 60 digits, the same for both people. Equal numbers rule out a man in the middle. Errors: 'invalid-peer-id'. */
  safetyNumber(who: Who): Promise<string>
  /** Makes an invitation for one guest: the first to open its link while I am online becomes my contact, and I become theirs. `name`
   *  and `purposes` are what my address book will hold. It survives a reload. Default expiry 24 h. Errors: 'invalid-argument',
   *  'too-many' if 64 are open. */
  invite(options?: { name?: string; purposes?: string[]; expiresInMs?: number }): Promise<Invite>
  /** My open invitations, oldest first, also those of my other tabs and from before a reload. */
  readonly invites: readonly Invite[]
  /** Uses an invitation link. `name` defaults to the inviter's own name for themselves. A link that I have used already, or am using,
   *  gives the contact that it made, also offline. Dials the link's relays whatever `disclose` says: they see my network address.
   *  Errors: 'invalid-invite', 'expired', 'used', and as `open`. */
  accept(invite: string | URL, options?: { name?: string } & DialOptions): Promise<Contact>
  /** Closes all connections and stops everything that this peer started. Resolves when that is done. */
  close(): Promise<void>
}

/** The events of a Peer. */
export interface PeerEvents {
  /** A new connection, whichever side dialled. */
  connection: Connection
  /** `status` has changed. */
  status: PeerStatus
  /** The address book, or whether a contact is online, has changed. `contact` is as of now, or as it was before it was removed. */
  contact: { change: 'added' | 'changed' | 'removed'; contact: Contact }
}

/** What works now, and why not. */
export interface PeerStatus {
  /** One entry for each relay in use. */
  readonly relays: readonly RelayStatus[]
  /** 'online': reachable through a relay. 'local': reachable only within this browser. 'offline': neither. */
  readonly reach: 'online' | 'local' | 'offline'
  /** `error`: why incoming dials fail: your function gave no servers, or the browser refuses them. */
  readonly iceServers: { readonly error?: KithError }
  /** 'persistent': the browser promised to keep the data. 'best-effort': it may evict it. 'session': nothing could be saved, and `error`
   *  says why. With the other states `error` says what the tabs of this profile cannot share. */
  readonly storage: { readonly state: 'persistent' | 'best-effort' | 'session'; readonly error?: KithError }
}
/** How one relay is doing. */
export interface RelayStatus {
  /** As given in `relays`, or as a contact or a link names it. */
  readonly url: string
  /** 'waiting': until `retryAt`. 'failed': no retry would help. */
  readonly state: 'connecting' | 'ready' | 'waiting' | 'failed'
  /** What was tried and what answered, or what the relay asks for. */
  readonly error?: KithError
  /** When the next try begins. */
  readonly retryAt?: number
}

// ── conversations ────────────────────────────────────────────────────────────────────────────

/** The six verbs: three to serve, three to open. A Peer serves its contacts; it opens to contacts and to peers connected now. */
export interface Endpoint {
  /** Serves a protocol: the handler gets each stream that a remote opens for it (of several tabs, the one last in focus gets it). A
   *  handler that throws resets its stream. Connected remotes learn the change. Throws 'invalid-argument' for a name served already. */
  handle(protocols: Protocols, handler: (stream: Stream) => unknown): Stop
  /** As `handle`, for flows of datagrams. */
  handleDatagrams(protocols: Protocols, handler: (flow: Datagrams) => unknown): Stop
  /** As `handle`, for calls, which ring until they are accepted or declined. */
  handleMedia(protocols: Protocols, handler: (call: IncomingMedia) => unknown): Stop
  /** Opens a stream: finds the peer, connects if need be, uses the first protocol that it serves. On a live connection this takes no
   *  round trip, and what is written at once travels along; if the remote refuses, both halves reject. If the remote's list names
   *  none of the protocols, `open` resolves when the remote accepts: a newer list may be on its way. Errors: 'no-answer' (away, unknown
   *  or unwilling: alike by design), 'no-relay', 'unreachable', 'needs-turn', 'blocked', 'unsupported-protocol', 'too-many', 'timeout',
   *  'aborted'. */
  open(to: Who, protocols: Protocols, options?: OpenOptions): Promise<Stream>
  /** Opens a flow, as `open`. A flow works both ways: let one side open it. */
  openDatagrams(to: Who, protocols: Protocols, options?: OpenOptions): Promise<Datagrams>
  /** Calls: resolves when the remote accepts. `timeoutMs` is 60 000 by default. Errors: 'refused', and as `open`. */
  openMedia(to: Who, protocols: Protocols, options?: OpenOptions): Promise<Media>
}

/** How to dial. */
export interface DialOptions {
  /** Ends the attempt with 'aborted'. What is open already is not affected. */
  signal?: AbortSignal
  /** The longest wait until it is open. Default 15 000. */
  timeoutMs?: number
  /** Used for this dial instead of `PeerOptions.disclose`. A live connection stays as it is. */
  disclose?: Disclosure
}
/** How to open a conversation. */
export interface OpenOptions extends DialOptions {
  /** What it is about: {doc: 'notes'}, {name: 'a.pdf', size: 9}. JSON, at most 1 KiB, else 'too-large'. */
  params?: unknown
  /** Larger goes first when streams compete. Default 0. */
  priority?: number
}

/** What can be written (WebIDL: BufferSource): an ArrayBuffer or any view of one. */
export type Chunk = ArrayBuffer | ArrayBufferView

/** What streams, flows and calls have in common. */
export interface Conversation {
  /** What both sides use: the first name of the opener's list that the other side serves. */
  readonly protocol: ProtocolName
  /** The other side. */
  readonly remote: PeerId
  /** What carries it. */
  readonly connection: Connection
  /** The opener's `params`. If the remote opened it: check them. */
  readonly params: unknown
  /** Fulfils after a clean end, rejects otherwise. */
  readonly closed: Promise<void>
}

/** Reliable, ordered bytes, with flow control in both directions: a reader that pauses stops the writer. While the connection is
 *  'reconnecting', writes wait. A code is a number from 0, or an error that carries one as `streamCode`; anything else is code 0.
 *  Do not change a chunk before its write settles. A chunk that is not bytes, or whose buffer was transferred or resized, ends its half
 *  with 'invalid-argument' (`cause`: a TypeError), and the remote reads 'reset' with `STREAM_CODES.notBytes`.
 *  The standard's own errors are TypeErrors: a write after `close`, a reader of a locked stream, a `byob` read into elements of several
 *  bytes when half an element is left. */
export interface Stream extends Conversation {
  /** A byte stream. `cancel(code)` asks the remote to stop sending. */
  readonly readable: ReadableStream<Bytes>
  /** `close()` ends this half and resolves once the remote has it all. `abort(code)` resets it; pending writes reject with its reason. */
  readonly writable: WritableStream<Chunk>
  /** Ends both halves at once. The remote's pending read and write reject with 'reset' and this code. Default 0. */
  reset(code?: number): void
}

/** A flow of unreliable, unordered messages. A late one is dropped and counted, oldest first. A flow ends as a whole, by `close()` or the
 *  end of `writable` on either side; then `readable` ends and sending fails with 'closed'. A listener costs less than reads. While
 *  there is one, `readable` gives nothing. It gets a view of the buffer that came, which has a few more bytes; a read has its own. */
export interface Datagrams extends Conversation, Events<{ datagram: Bytes }> {
  /** Bytes that fit one datagram on every path. */
  readonly maxDatagramSize: number
  /** Never waits. Throws 'too-large' and sends nothing; throws 'invalid-argument' for what is not bytes. */
  send(data: Chunk): void
  /** The datagrams that arrive, one a read. */
  readonly readable: ReadableStream<Bytes>
  /** Sends at the path's pace if you await your writes. Drops and counts what is too large. What is not bytes ends the flow with
   *  'invalid-argument', for the remote with 'reset' and `STREAM_CODES.notBytes`. */
  readonly writable: WritableStream<Chunk>
  /** How many datagrams were sent and have not left yet. */
  readonly waiting: number
  /** Fulfils once no datagram waits. Await it between calls of `send` to go at the path's pace. */
  readonly ready: Promise<void>
  /** As of now. `sent` were given to the path, `received` arrived, `droppedOutgoing` never left, `droppedIncoming` were not read in time. */
  readonly stats: { sent: number; received: number; droppedOutgoing: number; droppedIncoming: number }
  /** Ends the flow for both sides. */
  close(): void
}

/** Live tracks. Add, replace and remove them at any time, from either side; renegotiation is hidden. 'track': a track of the remote's
 *  arrived. 'trackended': it was removed. */
export interface Tracks extends Events<{ track: RemoteTrack; trackended: RemoteTrack }> {
  /** Tracks with one label arrive in one MediaStream. Default label 'camera'. Throws 'closed' once it has ended, 'too-many' beyond
   *  four of a kind in all that is sent on one connection, 'invalid-argument' for a track that it sends already (`clone()` it). */
  addTrack(track: MediaStreamTrack, options?: { label?: string }): LocalTrack
  /** The remote's tracks now. */
  readonly remoteTracks: readonly RemoteTrack[]
  /** Hangs up: ends it for both sides. The tracks themselves are yours to stop. */
  close(): void
}
/** A call, or a shared screen. */
export interface Media extends Tracks, Conversation {}
/** A call that rings. No track flows before `accept`. `closed` settles when the caller gives up. */
export interface IncomingMedia extends Conversation {
  /** Throws 'closed' once the caller has given up, or after `decline`. */
  accept(): Media
  /** The caller's `openMedia` rejects with 'refused'. */
  decline(): void
}
/** A track that is sent. */
export interface LocalTrack {
  /** Sends another track of the same kind, or null for none. Rejects with 'closed' once removed, 'invalid-argument' for the other kind. */
  replace(track: MediaStreamTrack | null): Promise<void>
  /** Stops sending it. */
  remove(): void
  /** For bitrate and codec settings. Undefined while there is no direct path. */
  readonly sender?: RTCRtpSender
}
/** A track that the remote sends. */
export interface RemoteTrack {
  /** The browser's own track. */
  readonly track: MediaStreamTrack
  /** What the sender called it, such as 'camera' or 'screen'. */
  readonly label: string
  /** The tracks of one label together. Show it in a `<video>`. */
  readonly stream: MediaStream
  /** Who sends it. */
  readonly from: PeerId
}

/** What carries all conversations with one peer. */
export interface Connection extends Events<ConnectionEvents>, AsyncDisposable {
  /** The other side. */
  readonly remote: PeerId
  /** Its entry in my address book, as of now. */
  readonly contact?: Contact | undefined
  /** What the remote serves to me; kept current. */
  readonly protocols: ReadonlySet<ProtocolName>
  /** 'reconnecting': the path is interrupted, what is written waits. */
  readonly state: 'connected' | 'reconnecting' | 'closed'
  /** 'local': same browser. 'direct': without a server. 'turn': through a TURN server of either side. */
  readonly path: 'local' | 'direct' | 'turn'
  /** Fulfils with what the closing side said. Rejects with 'lost' when the path is gone for good. */
  readonly closed: Promise<{ code: number; reason: string }>
  /** As of now; holds no address. It takes a few milliseconds, and nothing is measured between calls. Rejects with 'closed'. */
  getStats(): Promise<ConnectionStats>
  /** Ends it for both sides. `reason` is a sentence for a person; it is cut to 1,024 bytes of UTF-8 (older builds: 256 UTF-16 units). */
  close(options?: { code?: number; reason?: string }): Promise<void>
}
/** The events of a Connection: each gives the new value of the property of its name. */
export interface ConnectionEvents {
  /** The new `state`. */
  state: Connection['state']
  /** The new `path`. */
  path: Connection['path']
  /** The new `protocols`. */
  protocols: ReadonlySet<ProtocolName>
}
/** How a connection is doing. */
export interface ConnectionStats {
  /** As `Connection.path`. */
  path: Connection['path']
  /** As two people on a call would judge it. 'excellent': a round trip up to 200 ms and a loss up to 2 %. 'good': up to 480 ms and 6 %.
   *  'lost': nothing comes through. At an edge it changes from one reading to the next. */
  quality: 'excellent' | 'good' | 'poor' | 'lost'
  /** The last one measured. Undefined in the first moments. */
  roundTripMs?: number | undefined
  /** The share of the tracks' packets that is lost, 0 to 1: the worse direction, since the last reading or in the last second.
   *  Undefined without tracks: what streams lose is sent again. */
  lossRatio?: number | undefined
  /** Bytes on the network: with encryption and retransmissions, without UDP and IP headers. */
  bytesSent: number
  /** As `bytesSent`. */
  bytesReceived: number
  /** Open streams, flows and calls, of either side. */
  streams: number
  /** Sums over all flows, those that have ended included. */
  datagrams: Datagrams['stats']
}

// ── people ───────────────────────────────────────────────────────────────────────────────────

/** My name and signatures. */
export interface Identity {
  /** What I call myself. It travels with invitations, never to a relay. '' at first. */
  readonly name: string
  /** At most 64 UTF-16 units; longer ones are cut. Resolves when it is kept. */
  setName(name: string): Promise<void>
  /** An Ed25519 signature (64 bytes) over the message and a `context` that says what it is for. Check it with `verify`. */
  sign(message: Uint8Array, context: string): Promise<Bytes>
}

/** 'blocked' cannot reach me. 'known' (after an introduction) only through TURN. 'trusted' may learn my network address. */
export type Trust = 'blocked' | 'known' | 'trusted'

/** An entry of the address book. It does not change: ask for it again, or listen to 'contact'. */
export interface Contact {
  /** Who. */
  readonly id: PeerId
  /** What I call them. */
  readonly name: string
  /** What I know them for ('chat', 'backup', …). */
  readonly purposes: readonly string[]
  /** How far I trust them. */
  readonly trust: Trust
  /** URLs of the relays where they can be found. */
  readonly relays: readonly string[]
  /** When the entry was made. */
  readonly addedAt: number
  /** The last sign of life, if there was one. */
  readonly lastSeenAt?: number
  /** Seen within the last minute, and no goodbye since. A 'contact' event follows each change. */
  readonly online: boolean
}

/** The address book. Iterating gives all contacts. Changes reject with 'invalid-peer-id' and 'invalid-argument'. */
export interface Contacts extends Iterable<Contact> {
  /** The entry of this PeerId. */
  get(id: PeerId): Contact | undefined
  /** All that have this purpose. */
  for(purpose: string): Contact[]
  /** Adds a contact, or changes the one with this id. Two people meet once each has added the other. Default trust 'trusted'. */
  add(contact: { id: PeerId; name: string; purposes?: string[]; trust?: Trust; relays?: string[] }): Promise<Contact>
  /** Changes the fields that are given, and resolves with the new entry. */
  update(who: Who, change: Partial<Pick<Contact, 'name' | 'purposes' | 'trust' | 'relays'>>): Promise<Contact>
  /** Removes a contact; connections with them end. Does nothing if there is none. */
  remove(who: Who): Promise<void>
}

/** An invitation of mine. */
export interface Invite {
  /** Works once. Anyone who has it can use it. */
  readonly link: string
  /** The link as a QR code: an SVG document as text. */
  readonly svg: string
  /** When it stops working. */
  readonly expiresAt: number
  /** Fulfils with the guest. Rejects with 'expired', or with 'closed' when it is revoked. */
  readonly accepted: Promise<Contact>
  /** Makes the link invalid: guests get 'used'. */
  revoke(): Promise<void>
}

// ── storage ──────────────────────────────────────────────────────────────────────────────────

/** Storage of your own in place of IndexedDB: a folder, a server, a Map in a test. A rejection shows in `status.storage`. */
export interface KeyValueStore {
  /** The value that was last set, or undefined. */
  get(key: string): Promise<Uint8Array | undefined>
  /** Resolves once the value is kept. */
  set(key: string, value: Uint8Array): Promise<void>
  /** Does nothing for a key that is not there. */
  delete(key: string): Promise<void>
  /** All keys that begin with `prefix`, in any order. */
  keys(prefix: string): Promise<string[]>
}

/**
 * The shapes of Kith's public API, with their documentation; index.ts is the door. Everywhere: …Ms are milliseconds, …At
 * milliseconds since 1970, sizes bytes. Every rejection is a `KithError`. Every `closed` fulfils after a clean end, rejects
 * otherwise, and is never an unhandled rejection. What a listener throws goes to `reportError`; what a handler or a listener of
 * datagrams throws goes to the console, since a remote's word may be the reason.
 */
import type { Bytes, KithError, PeerId, ProtocolName } from '@kith/protocol'

/** Undoes a registration: call it, or let `using` do so. Calling it again does nothing. */
export type Stop = (() => void) & Disposable

export interface Events<Map> {
  /** What a listener throws, or rejects with, goes to `reportError` and does not disturb the others. */
  on<E extends keyof Map>(event: E, listener: (payload: Map[E]) => unknown): Stop
}

/** One name, or several in order of preference: the first that the remote serves is spoken. */
export type Protocols = ProtocolName | readonly ProtocolName[]
/** A PeerId, or whatever has one: a Contact. */
export type Who = PeerId | { readonly id: PeerId }

// ── me ───────────────────────────────────────────────────────────────────────────────────────

export interface PeerOptions {
  /** WebSocket relays to bootstrap through, in order of preference. I can be found through all of them; a dial goes through all of them and
   *  those that the other publishes, mine first. Default: the page's own origin at '/relay'; in Node none. */
  relays?: string[]
  /** Which of several people in this browser; each has an IndexedDB database of its own. All tabs of one profile are one
   *  peer: any may dial, one answers. Default 'default'. */
  profile?: string
  /** Where the identity and the address book live. 'memory': a new identity for as long as this page, so two tabs are two
   *  peers. Default: IndexedDB; where there is none (Node), for the session, and `status.storage` says so. */
  storage?: KeyValueStore | 'memory'
  /** Who can find me: my contacts (default), or nobody (I can still dial). */
  findableBy?: Audience
  /** How much of my network address a peer may learn. Default: 'direct' for trusted contacts, for whoever proved an invitation's
   *  secret; else 'relayed' (TURN only; without a TURN server such a dial fails with 'needs-turn').
   *  Of an invitation it is not known yet who takes it up: asked without an `id`. What it throws then discloses nothing. Rooms, public
   *  addresses and the neighbourhood are to come. */
  disclose?(who: {
    id?: PeerId
    contact?: Contact
    room?: string
    via: 'contact' | 'public' | 'invite' | 'room' | 'nearby'
  }): Disclosure
  /** May contacts see that I am online without opening anything? Without, I do not see it of them either. Default true. */
  presence?: boolean
  /** The page that invitation links open, its query included. Default: this one without its query; in Node needed for making links. */
  page?: string | URL
  /** Default: none. */
  iceServers?: RTCIceServer[] | (() => Promise<RTCIceServer[]>)
  /** Where there is none: Node 20. For example that of the package ws. Default: the global one. */
  webSocket?: typeof WebSocket | WebSocketClass
  /** A WebRTC implementation, for Node. Default: the browser's. */
  wrtc?: { RTCPeerConnection: unknown; RTCSessionDescription: unknown; RTCIceCandidate: unknown }
  /** At most this many RTCPeerConnections at once. Default 32. */
  maxConnections?: number
  /** Find tabs of the same browser without any relay. Default true in a browser. */
  local?: boolean
}
/** What is used of the browser's WebSocket; that of ws has it, its types differ elsewhere. */
export type WebSocketClass = new (
  url: string,
) => { binaryType: string; send(data: Uint8Array): void; close(): void; addEventListener: unknown }
export type Audience = 'contacts' | 'nobody'
export type Disclosure = 'direct' | 'relayed'

export interface Peer extends Endpoint, Events<PeerEvents>, AsyncDisposable {
  readonly id: PeerId
  readonly identity: Identity
  readonly contacts: Contacts
  /** Live connections by PeerId; of a remote's several devices or tabs, the one last used. */
  readonly connections: ReadonlyMap<PeerId, Connection>
  readonly status: PeerStatus
  /** May be set at any time; takes effect at once. */
  findableBy: Audience
  /** Connect ahead of the first `open…`, which would do so by itself. Errors as `open`. */
  connect(to: Who, options?: DialOptions): Promise<Connection>
  /** 60 digits that both people see alike; equal numbers rule out a man in the middle. Errors: 'invalid-peer-id'. */
  safetyNumber(who: Who): Promise<string>
  /** One-time invitation: whoever opens the link first, while I am online, becomes a contact (and I theirs). `name` and
   *  `purposes` are for my address book. Outlives a reload; expires after 24 h by default. Errors: 'invalid-argument', 'too-many' where
   *  64 are open. */
  invite(options?: { name?: string; purposes?: string[]; expiresInMs?: number }): Promise<Invite>
  /** Invitations of mine that are open, oldest first, also those of my other tabs and from before a reload: show one again, or revoke
   *  it. */
  readonly invites: readonly Invite[]
  /** `name` defaults to what they call themselves. A link that I have taken up already, or am taking up, gives the contact that it
   *  made, also offline. Its relays are dialled from this call on, whatever is disclosed: they see my network address. Errors: 'invalid-invite' 'expired' 'used', and as `open`. */
  accept(invite: string | URL, options?: { name?: string } & DialOptions): Promise<Contact>
  close(): Promise<void>
}

export interface PeerEvents {
  connection: Connection
  status: PeerStatus
  contact: { change: 'added' | 'changed' | 'removed'; contact: Contact }
}

export interface PeerStatus {
  readonly relays: readonly RelayStatus[]
  /** 'online' reachable through a relay; 'local' only this browser; 'offline'. */
  readonly reach: 'online' | 'local' | 'offline'
  /** `error`: why nothing can be offered to those who call: your function gave no servers, or the browser refuses them. */
  readonly iceServers: { readonly error?: KithError }
  /** 'persistent': the browser promised to keep it; 'best-effort': it may be evicted; 'session': nothing could be saved, and why. With the
   *  others an error says what the tabs of this profile cannot share. */
  readonly storage: { readonly state: 'persistent' | 'best-effort' | 'session'; readonly error?: KithError }
}
export interface RelayStatus {
  readonly url: string
  readonly state: 'connecting' | 'ready' | 'waiting' | 'failed'
  readonly error?: KithError
  readonly retryAt?: number
}

// ── conversations ────────────────────────────────────────────────────────────────────────────

/** Serving and opening. What a Peer serves is for my contacts; it opens to contacts and whoever is connected now. */
export interface Endpoint {
  /** Serve a protocol: each stream that a remote opens for it is handed over (of several tabs of mine, to the one last in
   *  focus). A handler that throws resets its stream. Serving a name twice throws 'invalid-argument'. Remotes are told. */
  handle(protocols: Protocols, handler: (stream: Stream) => unknown): Stop
  handleDatagrams(protocols: Protocols, handler: (flow: Datagrams) => unknown): Stop
  /** Media rings until it is accepted or declined. */
  handleMedia(protocols: Protocols, handler: (call: IncomingMedia) => unknown): Stop
  /** Open a stream: finds the peer, connects if need be, speaks the first protocol that it serves. On a live connection this
   *  takes no round trip: what is written at once travels along; should the remote refuse, both halves reject. Where they have not
   *  said that they serve any of the protocols, it resolves when they take it: their newest list may still be on its way.
   *  Errors: 'no-answer' (away, unknown or unwilling: alike by design) 'no-relay' 'unreachable' 'needs-turn' 'blocked'
   *  'unsupported-protocol' 'too-many' 'timeout' 'aborted'. */
  open(to: Who, protocols: Protocols, options?: OpenOptions): Promise<Stream>
  /** Each call makes a two-way flow of its own: let one side open it. */
  openDatagrams(to: Who, protocols: Protocols, options?: OpenOptions): Promise<Datagrams>
  /** Resolves when the remote accepts; `timeoutMs` is 60 000 by default. Errors: 'refused', and as `open`. */
  openMedia(to: Who, protocols: Protocols, options?: OpenOptions): Promise<Media>
}

export interface DialOptions {
  signal?: AbortSignal
  /** Until open. Default 15 000. */
  timeoutMs?: number
  /** For this dial, instead of `PeerOptions.disclose`; a live connection stays as it is. */
  disclose?: Disclosure
}
export interface OpenOptions extends DialOptions {
  /** What it is about: {doc: 'notes'}, {name: 'a.pdf', size: 9}. JSON, at most 1 KiB, else 'too-large'. */
  params?: unknown
  /** Larger goes first when streams compete. Default 0. */
  priority?: number
}

/** What can be written, as to the platform's own streams (WebIDL: BufferSource): an ArrayBuffer or any view of one. */
export type Chunk = ArrayBuffer | ArrayBufferView

export interface Conversation {
  readonly protocol: ProtocolName
  readonly remote: PeerId
  readonly connection: Connection
  /** The opener's `params`: where it is the remote, check them. */
  readonly params: unknown
  readonly closed: Promise<void>
}

/** Reliable, ordered, flow-controlled in both directions: a reader that pauses stops the writer; while 'reconnecting', writes
 *  wait. `readable` is a byte stream. `writable.close()` half-closes and resolves once the remote has all of it;
 *  `readable.cancel(code)` and `writable.abort(code)` reset that half; what was pending rejects with the very reason that `abort`
 *  was given. A code is a number from 0, or an error that carries one as `streamCode`; all else is code 0.
 *  Do not change a chunk before its write settles: one that is not bytes, or whose buffer was transferred or resized, ends its half
 *  with 'invalid-argument' (`cause`: a TypeError), and the remote reads 'reset' with `STREAM_CODES.notBytes`.
 *  What the standard itself throws is a TypeError: a write after `close`, a reader of a locked stream, a `byob` read into elements of
 *  several bytes at whose end half an element is left. */
export interface Stream extends Conversation {
  readonly readable: ReadableStream<Bytes>
  readonly writable: WritableStream<Chunk>
  /** Both halves at once; the remote's pending read and write reject with 'reset' and this code. Default 0. */
  reset(code?: number): void
}

/** Unreliable, unordered, message-shaped. Late is dropped, oldest first and counted, never queued without bound. A flow ends as a
 *  whole: by `close()` or the end of `writable`, on either side. Then `readable` ends and sending fails with 'closed'.
 *  on('datagram') costs less for each than a read does: while there is a listener, `readable` gives none. It hands over the buffer in which
 *  the datagram came, at whose end there are a few bytes more; what is read has a buffer of its own. */
export interface Datagrams extends Conversation, Events<{ datagram: Bytes }> {
  /** Bytes that surely fit one datagram. */
  readonly maxDatagramSize: number
  /** Never waits. Throws 'too-large', nothing is sent; `writable` drops such a one and counts it (a rejection would end it). What is
   *  not bytes throws 'invalid-argument' here; written to `writable` it ends the flow with that, for the remote with 'reset' and
   *  `STREAM_CODES.notBytes`. */
  send(data: Chunk): void
  readonly readable: ReadableStream<Bytes>
  readonly writable: WritableStream<Chunk>
  /** Sent and still here; and a promise that fulfils once none is: to `send` as fast as the path, await it where some wait. */
  readonly waiting: number
  readonly ready: Promise<void>
  /** As of now. `sent` were given to the path, `received` arrived. Dropped: never given to it; arrived and not read in time. */
  readonly stats: { sent: number; received: number; droppedOutgoing: number; droppedIncoming: number }
  close(): void
}

/** Live tracks. Add, replace and remove at any time, from either side; renegotiation is hidden. */
export interface Tracks extends Events<{ track: RemoteTrack; trackended: RemoteTrack }> {
  /** Tracks with one label arrive in one MediaStream. Default label 'camera'. Throws 'closed' once it has ended, 'too-many' beyond
   *  four of a kind in all that is sent on one connection, 'invalid-argument' for a track that it sends already (`clone()` it). */
  addTrack(track: MediaStreamTrack, options?: { label?: string }): LocalTrack
  readonly remoteTracks: readonly RemoteTrack[]
  close(): void
}
export interface Media extends Tracks, Conversation {}
/** No track flows before `accept`. `closed` settles when the caller gives up. */
export interface IncomingMedia extends Conversation {
  /** Throws 'closed' once the caller has given up, or after `decline`. */
  accept(): Media
  decline(): void
}
export interface LocalTrack {
  /** Another of the same kind, or nothing for now. Rejects with 'closed' once removed, 'invalid-argument' for the other kind. */
  replace(track: MediaStreamTrack | null): Promise<void>
  remove(): void
  /** For bitrate and codec settings; undefined while there is no direct path. */
  readonly sender?: RTCRtpSender
}
export interface RemoteTrack {
  readonly track: MediaStreamTrack
  readonly label: string
  readonly stream: MediaStream
  readonly from: PeerId
}

/** What carries all conversations with one peer. `closed` rejects with 'lost' when the path is gone for good. */
export interface Connection extends Events<ConnectionEvents>, AsyncDisposable {
  readonly remote: PeerId
  readonly contact?: Contact | undefined
  /** What the remote's Peer serves to me now; kept current. */
  readonly protocols: ReadonlySet<ProtocolName>
  readonly state: 'connected' | 'reconnecting' | 'closed'
  /** 'local' same browser, 'direct' ICE host/srflx, 'turn' relayed by TURN. */
  readonly path: 'local' | 'direct' | 'turn'
  readonly closed: Promise<{ code: number; reason: string }>
  /** How it is doing, as of now; holds no address. Nothing is measured for it in between: ask as often as you show it, a few
   *  milliseconds each. Rejects with 'closed'. */
  getStats(): Promise<ConnectionStats>
  /** `reason` is a sentence for a person: 1,024 bytes of UTF-8 arrive (of a build without long reasons 256 UTF-16 units), cut
   *  between two characters. */
  close(options?: { code?: number; reason?: string }): Promise<void>
}
export interface ConnectionEvents {
  state: Connection['state']
  path: Connection['path']
  protocols: ReadonlySet<ProtocolName>
}
export interface ConnectionStats {
  path: Connection['path']
  /** For people who talk: 'excellent' up to a round trip of 200 ms and a loss of 2 %, 'good' up to 480 ms and 6 %, else 'poor'; 'lost'
   *  while nothing comes through. At an edge it changes from one reading to the next. */
  quality: 'excellent' | 'good' | 'poor' | 'lost'
  /** The last one measured. Undefined in the first moments. */
  roundTripMs?: number | undefined
  /** Of the packets of tracks, 0 to 1, the worse of both directions, of the last second or since the last reading. Undefined
   *  without tracks: what streams lose is sent again. */
  lossRatio?: number | undefined
  /** On the network, encryption and what was sent again included, but not UDP and IP. */
  bytesSent: number
  bytesReceived: number
  /** Conversations that are open, of all forms and whoever opened them. */
  streams: number
  /** Sums over all flows, those that have ended included. */
  datagrams: Datagrams['stats']
}

// ── people ───────────────────────────────────────────────────────────────────────────────────

export interface Identity {
  /** What I call myself, told with invitations, never to a relay. '' at first. */
  readonly name: string
  setName(name: string): Promise<void>
  /** Ed25519 over the message and a `context` that says what it is for. Check with `verify`. */
  sign(message: Uint8Array, context: string): Promise<Bytes>
}

/** 'blocked' cannot reach me; 'known' (after an introduction) only relayed; 'trusted' may learn my network address. */
export type Trust = 'blocked' | 'known' | 'trusted'

export interface Contact {
  readonly id: PeerId
  readonly name: string
  readonly purposes: readonly string[]
  readonly trust: Trust
  readonly relays: readonly string[]
  readonly addedAt: number
  readonly lastSeenAt?: number
  /** Seen within the last minute, and not said to be gone since; 'contact' events tell of changes. */
  readonly online: boolean
}

export interface Contacts extends Iterable<Contact> {
  get(id: PeerId): Contact | undefined
  /** Who can help with this? ('chat', 'backup', …) */
  for(purpose: string): Contact[]
  /** Both must add each other to meet. Default trust 'trusted'. */
  add(contact: { id: PeerId; name: string; purposes?: string[]; trust?: Trust; relays?: string[] }): Promise<Contact>
  update(who: Who, change: Partial<Pick<Contact, 'name' | 'purposes' | 'trust' | 'relays'>>): Promise<Contact>
  remove(who: Who): Promise<void>
}

/** `accepted` rejects with 'expired', or 'closed' when revoked. `svg`: the link as a QR code. */
export interface Invite {
  readonly link: string
  readonly svg: string
  readonly expiresAt: number
  readonly accepted: Promise<Contact>
  revoke(): Promise<void>
}

// ── storage ──────────────────────────────────────────────────────────────────────────────────

/** What a user may bring instead of IndexedDB: a folder, a server, a test's Map. */
export interface KeyValueStore {
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, value: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  keys(prefix: string): Promise<string[]>
}

/** The quotas of a relay, in the form of ../limits.ts: unit, threat, why this number, what happens beyond it. */
import { BINDS_PER_SOCKET } from '../limits.ts'

/** Defaults; each can be changed by `--limit NAME=VALUE`. Times in ms, rates per second. */
export const RELAY_LIMITS = {
  /** Until the client has bound its first address (sockets that only sit there). Beyond: closed. */
  firstBindMs: 10_000,
  /** Until the WebSocket handshake is complete (slow loris). */
  handshakeMs: 5_000,
  /** Between PINGs, ± `pingJitterMs` so that ten thousand sockets do not answer at once. Two missed: closed. */
  pingMs: 25_000,
  pingJitterMs: 5_000,
  /** Sockets from one IPv4 address or IPv6 /64 (one host taking every place). Those of an IPv6 /48 are together no more than the places
   *  that are left, or than this where fewer are. Beyond: NOTICE full. */
  socketsPerPrefix: 512,
  /** New sockets a second from one prefix, after a burst: a school behind one address comes back within a second when a relay has restarted.
   *  A signature that does not hold counts for 64, a flood for 8, both for five seconds at the most. Beyond: NOTICE rate-limited, closed. */
  acceptsPerPrefix: 50,
  acceptBurst: 512,
  /** TCP connections from one prefix that are no WebSocket: requests for pages, handshakes, and what only sits there. A browser opens six,
   *  so 85 that load a page in the same second. Beyond: one that is idle gives way; if none is, the new one is closed. Behind a trusted proxy
   *  a connection counts for the client whose request it carries. Beyond: that request is answered with 429. */
  connectionsPerPrefix: 512,
  /** Such connections in all (file descriptors: one each, and one for the file that is sent). Beyond: the site (IPv4 address, IPv6 /48) with the most gives one up. */
  connections: 2_048,
  /** A page's response of which nothing has left for so long (a client that does not read). A mobile network may pause for seconds. Beyond: cut off. */
  stalledResponseMs: 20_000,
  /** Sockets in all (memory: about 7 KiB each idle). Beyond: NOTICE full. */
  sockets: 10_000,
  bindsPerSocket: BINDS_PER_SOCKET,
  /** Sockets that may have one address bound: the fan-out of one SEND. Beyond: NOTICE too-many. */
  bindersPerAddress: 32,
  /** Envelopes a second that one socket may send, after a burst. Beyond: dropped, NOTICE rate-limited. */
  sendPerSecond: 20,
  sendBurst: 100,
  /** Envelopes a second that one address may receive, after a burst (a flooded person stays reachable elsewhere). Beyond: dropped. */
  receivePerSecond: 25,
  receiveBurst: 50,
  /** Envelopes a second that one socket may receive on all its addresses, after a burst: half of what a client takes from a relay before it
   *  leaves it (RELAY_FRAMES_PER_SECOND), so that a flood from many senders does not make its target leave the relay. A thousand contacts
   *  who ask for presence send 40. Beyond: dropped. */
  deliverPerSecond: 256,
  deliverBurst: 2048,
  /** Addresses that all sockets of one prefix may have bound or under way, as many as 512 sockets of 256 (memory: about 0.5 KiB each).
   *  Beyond: NOTICE rate-limited. */
  bindsPerPrefix: 131_072,
  /** Addresses that each socket may have even so, since neighbours may use up `bindsPerPrefix`. */
  bindsAlways: 64,
  /** Addresses bound in all, as many as 10,000 sockets of 256. Beyond: NOTICE rate-limited. */
  binds: 2_560_000,
  /** Addresses a second that one socket may ask to bind, after a burst: a full set and the replies of a day's first dials. Each costs a
   *  signature check of 0.1 to 0.2 ms, so a burst costs what 200 did before. Beyond: NOTICE rate-limited. */
  bindPerSecond: 64,
  bindBurst: BINDS_PER_SOCKET + 512,
  /** BINDs of one socket that wait for their check (memory: 3 KiB each). Beyond: NOTICE rate-limited; twice as many unanswered: closed. */
  bindsWaiting: 32,
  /** UNBINDs, PONGs and ICE requests a second from one socket, after a burst: a full set has 256 UNBINDs. Beyond: NOTICE rate-limited, closed. */
  controlPerSecond: 20,
  controlBurst: 400,
  /** Envelopes waiting for a slow receiver. Beyond: the oldest is dropped and counted. */
  queueEnvelopes: 64,
  /** A write that has not moved for so long closes its socket. */
  stalledWriteMs: 2_000,
} as const

export type RelayLimits = { -readonly [Name in keyof typeof RELAY_LIMITS]: number }

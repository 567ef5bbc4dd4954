/**
 * All limits: unit, threat, why this number, what happens beyond it. Each is tested at N and at N + 1 beside the code that
 * keeps it; limits.test.ts says where. The quotas of a relay, which its operator may change, are in relay/limits.ts.
 */

// ── names ────────────────────────────────────────────────────────────────────────────────────

/** Characters in a ProtocolName. Lists of names travel in one sealed message. Beyond: 'invalid-protocol'. */
export const PROTOCOL_NAME_MAX_LENGTH = 128

/** ProtocolNames in one list (a knock, a hello, an OPEN): more than an app serves, few enough for a message. Beyond: 'invalid-argument'. */
export const PROTOCOLS_MAX = 64

/** UTF-16 units in a person's own name. Beyond: cut when it is set, refused when it is read. */
export const NAME_MAX_LENGTH = 64

// ── invitations ──────────────────────────────────────────────────────────────────────────────

/** Characters in an invite link's fragment: what every messenger and a QR code carry. Beyond: 'invalid-invite'. */
export const INVITE_MAX_LENGTH = 2048

/** Relays in an invite: its guest dials each of them (a link could make a crowd dial a stranger's server). Beyond: 'invalid-invite'. */
export const INVITE_RELAYS_MAX = 8

/** Attempts in a row, over 8 s, to dial a relay that only an invitation names: it may be a stranger's server. An honest relay answers at
 *  once, or restarts within seconds. Beyond: not dialled until the invitation is accepted again. */
export const INVITE_RELAY_ATTEMPTS_MAX = 3

// ── envelopes and the relay ──────────────────────────────────────────────────────────────────

/** Bytes in every envelope, whatever it holds: equal lengths tell an observer nothing. Others are malformed. */
export const ENVELOPE_BYTES = 1024

/** Bytes in one relay frame. 16 binds of form 1 take 3.2 KiB; nothing is larger. Beyond: NOTICE malformed, close. */
export const RELAY_FRAME_MAX_BYTES = 4096

/** Addresses in one BIND or UNBIND: keeps the frame under RELAY_FRAME_MAX_BYTES and one verification burst under 20 ms. */
export const BINDS_PER_FRAME = 16

/** Addresses that one socket may have bound, unless a relay says less: 1,000 contacts have 2,000 while two days are bound, and a client
 *  pads to the next power of four. Beyond: NOTICE too-many; a client leaves out the contacts that it saw longest ago, and says so. */
export const BINDS_PER_SOCKET = 4096

/** The shortest and the longest that a relay makes a client wait, in ms, before it connects, sends or binds again: an honest one asks for
 *  30 s at the most. So a relay's slip, or spite, keeps no client away for good, nor makes it come without a pause. Of the least, refusals of
 *  BINDs make more, up to RELAY_REFUSED_MAX_MS. Beyond: as if it had said the limit. */
export const RELAY_WAIT_MIN_MS = 250
export const RELAY_WAIT_MAX_MS = 60_000
export const RELAY_REFUSED_MAX_MS = 16_000

/** How long, in ms, a relay that restarts may ask to be tried every two seconds: what ours asks for. Beyond: as if it had said this. */
export const RELAY_EAGER_MAX_MS = 60_000

/** How long, in ms, a client waits for the answer to a BIND: after a restart a relay checks millions. Beyond: it connects anew. */
export const BIND_ANSWER_MS = 300_000

/** Frames a second, after a burst, that a client takes from one relay: each is work for the page. A relay of ours delivers less to one
 *  socket (`deliverPerSecond`); a page that was frozen finds what came meanwhile. Beyond: closed, tried again later. */
export const RELAY_FRAMES_PER_SECOND = 512
export const RELAY_FRAME_BURST = 4096

/** Of these, frames that answer nothing and deliver nothing: an honest relay sends a PING each 20 s and a NOTICE a second. Beyond: the same. */
export const RELAY_CONTROL_PER_SECOND = 4
export const RELAY_CONTROL_BURST = 64

// ── the dial ─────────────────────────────────────────────────────────────────────────────────

/** Knocks a second that a peer opens, after a burst: each costs X25519 work, 2 to 4 ms in the page, before its sender is known. Who asks
 *  for presence takes less than half of it (PRESENCE_PER_SECOND). Beyond: dropped, counted. */
export const KNOCKS_PER_SECOND = 20
export const KNOCK_BURST = 60

/** Dials a peer takes part in at once, either side: bounds what a flood of knocks can make it hold. Beyond: dropped / 'too-many'. */
export const DIALS_MAX = 64

/** Ephemeral keys of answered knocks remembered against replay, for two epochs. Beyond: the oldest is forgotten. */
export const REPLAY_CACHE_MAX = 4096

/** ICE candidates taken from one side in one dial (a host has few; a flood would make us probe). Beyond: ignored. */
export const CANDIDATES_MAX = 20

/** Bytes that a remote must take as one message: what every WebRTC implementation takes. Less would force tiny frames: 'peer-violation'. */
export const REMOTE_MESSAGE_MIN_BYTES = 16 * 1024

/** The first resend of a dial's step; each next waits twice as long. */
export const RESEND_MS = 250

/** The longest wait between two resends. */
export const RESEND_MAX_MS = 2_000

/** How long an acknowledgement waits for a message to share. With most round trips it stays below RESEND_MS: no part is resent needlessly. */
export const DIAL_ACK_MS = 50

/** Candidates found after the first are gathered for so long into one message. */
export const CANDIDATE_BATCH_MS = 50

/** When two dials cross, the lower PeerId goes on with its own; without an answer for so long, it accepts the other's as well. */
export const GLARE_MS = 1_000

/** How long a knock waits for a dial by an invitation with the same instance. Most paths take less. Beyond: it is read beside that dial. */
export const BEHIND_MS = 3_000

/** How long a callee keeps a dial that does not become a connection. */
export const INCOMING_DIAL_MS = 20_000

/** Bytes in one message of a dial (a description and twenty candidates take 2 KiB). Beyond: the dial ends. */
export const DIAL_MESSAGE_MAX_BYTES = 16 * 1024

/** Carriers that one dial or one contact names, and the length of each name. Beyond: the rest is left out. */
export const ORIGINS_MAX = 8
export const ORIGIN_MAX_LENGTH = 256

/** Envelopes that wait while one answer is being read. Beyond: dropped, and resent by the other side. */
export const UNREAD_ENVELOPES_MAX = 16

/** Instances (tabs, devices) of one callee that may answer one knock. Beyond: ignored. */
export const INSTANCES_MAX = 32

/** Until both sides have confirmed the channel after it opened (RFC 8844). Beyond: closed. */
export const CONFIRM_MS = 10_000

// ── the link ─────────────────────────────────────────────────────────────────────────────────

/** Bytes in one frame: what every browser takes as one message and interleaves well. On slow paths a frame has less (FRAME_MS). */
export const FRAME_MAX_BYTES = 64 * 1024

/** Bytes of one message that holds several frames: what goes after it does not wait long, and its receiver, who handles it in one task,
 *  does so in a few milliseconds. Beyond: 'peer-violation'. */
export const PACK_MAX_BYTES = 16 * 1024

/** What a remote must at least take as one message, so that an OPEN with all its params fits. Below: 'peer-violation'. */
export const FRAME_MIN_BYTES = 4096

/** How long a hello waits to say whether its sender's end of the path is at a TURN server: a browser that has to read its statistics for
 *  that takes a few milliseconds. Beyond: the hello goes without, and control message 13 follows. */
export const HELLO_HOLD_MS = 250

/** Bytes of other lanes kept until confirm and hello are through, and frames (empty ones cost memory too). Beyond:
 *  'peer-violation'; so each side sends no more until the other has shown that it got the hello. */
export const EARLY_BYTES_MAX = 256 * 1024
export const EARLY_FRAMES_MAX = 4096

/** Bytes that a stream may receive before its reader takes any. Beyond: 'peer-violation'. */
export const STREAM_WINDOW_BYTES = 256 * 1024

/** What a stream's window grows to while its reader keeps up: 40 MB/s over a path of 100 ms, since it is granted anew by halves. Half of
 *  what a connection may hold unread. */
export const STREAM_WINDOW_MAX_BYTES = 8 * 1024 * 1024

/** Bytes that a whole connection may receive before its readers take any. Grows to UNREAD_MAX_BYTES. Beyond: 'peer-violation'. */
export const CONNECTION_WINDOW_BYTES = 1024 * 1024

/** A window of which half is consumed in less than this, or than two round trips if that is more, is too small: the queue of a busy path
 *  adds up to 50 ms to the round trip of the idle one that was measured. With 50, a window of a path of 20 ms did not grow. */
export const WINDOW_PACE_MS = 100

/** Bytes that each stream may receive beyond what the connection has credit for, before its reader takes any: a message of a chat or of a
 *  call's signalling. Beyond: 'peer-violation'. With STREAMS_MAX from each side, 8 MiB beside UNREAD_MAX_BYTES. */
export const STREAM_RESERVE_BYTES = 4096

/** Bytes received and unread a connection, whatever windows grew to; and STREAM_RESERVE_BYTES a stream beside them. */
export const UNREAD_MAX_BYTES = 16 * 1024 * 1024

/** Bytes sent and unacknowledged that a lane keeps for resume. Beyond: the lane waits. */
export const UNACKNOWLEDGED_MAX_BYTES = 16 * 1024 * 1024

/** Bytes in flight before anything is known of the path: it doubles each round trip, as SCTP's own window does, which begins with 12 KiB.
 *  More would flood a slow path in its first second (2 s of queue at 1 Mbit/s were 256 KiB). */
export const WINDOW_FIRST_BYTES = 16 * 1024

/** Bytes in flight however slow and short the path: some frames of the least size, or acknowledgements would not flow. */
export const WINDOW_MIN_BYTES = 8 * 1024

/** Bytes in flight beyond what the path holds and what waits to be acknowledged, in ms: what bridges the pauses of a busy page. All that
 *  comes after it waits as long. */
export const WINDOW_QUEUE_MS = 12

/** Bytes in flight beyond what the path holds, at most: less leaves a fast path idle between acknowledgements (of the raw channel, 256 KiB
 *  made 0.86, 384 0.89 and 448 0.92), more is only queued (512 and a quarter of what the path holds: 0.87). */
export const WINDOW_QUEUE_BYTES = 448 * 1024

/** Bytes in flight at most, however long the path: what a lane keeps, less the frame that goes beyond the bound. */
export const WINDOW_MAX_BYTES = UNACKNOWLEDGED_MAX_BYTES - 128 * 1024

/** How long a frame may occupy the path, in ms: what is urgent waits for the rest of it, since transports do not interleave messages.
 *  And bytes of a frame however slow the path: less is mostly headers. Beyond: cut into several. */
export const FRAME_MS = 8
export const FRAME_SLOW_BYTES = 2048

/** As FRAME_MS, while datagrams wait for the transport: it sends a message of each lane in turn, so where its own window is what limits, each
 *  datagram waits for a frame. Less on a fast path costs more than it gives: messages are what a page is busy with. */
export const FRAME_SHARED_MS = 1

/** Frames in a lane's buffer from which on nothing more is given to it; at half, it asks for more. 192 KiB on a fast path, the least
 *  that loses no throughput there (two frames lose a twentieth); all that is in it goes before what is urgent. From 512 KiB up
 *  Chromium's throughput is bimodal: the rest of the queue (SCTP, IPC, socket) stalls. */
export const LANE_BUFFER_FRAMES = 3

/** As above, in ms, of the lane for datagrams: what is in it grows old and cannot be taken back, and what is urgent waits behind it. Bytes
 *  of it at most, and where no rate is known: of a path that takes 35 thousand datagrams a second 32, 96 and 192 KiB used 15, 20
 *  and 21. And at least, so that a burst fits. */
export const DATAGRAMS_BUFFER_MS = 10
export const DATAGRAMS_BUFFER_BYTES = 96 * 1024
export const DATAGRAMS_BUFFER_MIN_BYTES = 4 * 1024

/** A lane acknowledges at the latest after so many bytes or so long. Each costs both sides a packet. */
export const ACK_BYTES = 128 * 1024
export const ACK_MS = 50

/** Data in flow: once so many bytes wait to be acknowledged, it takes no longer than this, in ms. What its sender has in flight
 *  covers it. A conversation of small messages stays below, and costs no more packets. */
export const ACK_LOAD_BYTES = 4096
export const ACK_LOAD_MS = 8

/** A path's first data is acknowledged after so many bytes, and later after a quarter of what has come on it, up to ACK_BYTES: so its sender,
 *  who doubles what is in flight, hears several times a round trip whatever the timers of a hidden page do. */
export const ACK_FIRST_BYTES = 8 * 1024

/** How long the acknowledgement of a FIN waits for a message to go with. Most often the answer is one; a message of its own
 *  costs both sides more than all else about a short stream. */
export const FIN_ACK_MS = 2

/** Streams that each side may have open. Beyond: REJECT too-many. */
export const STREAMS_MAX = 1024

/** Streams that the other side opened and that are over, of which it has not acknowledged our last frames; and, beside them, REJECTs
 *  that wait or are not acknowledged. They would fill memory (1 and 0.3 KiB each). An honest side has STREAMS_MAX of its own under way
 *  in a round trip, and acknowledges after 1,900 frames at the latest. Beyond the one: REJECT too-many; beyond the other:
 *  'peer-violation'. */
export const STREAMS_RETAINED_MAX = 4096
export const REJECTS_OWED_MAX = 4096

/** Streams a second, after a burst, that are handed to the application: each costs a page 0.1 ms with what its handler does, and its opener
 *  30 bytes. Two honest pages open and answer 3,000 a second. Beyond: handed over later; STREAMS_MAX counts them meanwhile. */
export const INCOMING_PER_SECOND = 4096
export const INCOMING_BURST = 4096

/** Control messages a second, after a burst, other than acknowledgements: a ping is answered, a list or a description read, and each is a task of
 *  the page. An honest side sends a ping in 15 s, and a list for each change of what it serves. Beyond: 'peer-violation'. */
export const CONTROL_PER_SECOND = 16
export const CONTROL_BURST = 1024

/** Frames and acknowledgements a second, after a burst, that change nothing: DATA without data, a credit or a count that was known. They
 *  cost work and no credit. An honest side sends none, but for counts that overtook each other on two lanes. Beyond: 'peer-violation'. */
export const IDLE_FRAMES_PER_SECOND = 1024
export const IDLE_FRAMES_BURST = 8192

/** Frames a second, after a burst, but DATA, for streams that are over or for a half that is: they cross its end, and change nothing. An
 *  honest side sends a few a stream, of which it opens INCOMING_PER_SECOND. Beyond: 'peer-violation'. */
export const LATE_FRAMES_PER_SECOND = 16_384
export const LATE_FRAMES_BURST = 65_536

/** Events that wait for the application, some 100 bytes each: it takes 256 a task. A stream that is open or retained causes six at most,
 *  an honest side 37,000 at worst. Beyond: 'peer-violation', and the events are dropped. */
export const OUTPUTS_MAX = 65_536

/** OPENs for protocols that are not served, kept for a time after hello: a page registers its handlers a moment after it starts. Beyond
 *  either: REJECT unsupported. */
export const HELD_OPENS_MAX = 64
export const HELD_OPENS_MS = 1_000

/** Scopes (the peer's own, and one a shared room) in a hello: what two people may have in common, in one message. Beyond: 'peer-violation'. */
export const SCOPES_MAX = 128

/** Features that a hello names, and UTF-16 units in each name: what both ends know fits many times over, and what a remote makes us
 *  keep is 2 KiB. Beyond: the rest of the list is ignored; 'peer-violation' for a longer name. */
export const FEATURES_MAX = 64
export const FEATURE_NAME_MAX_LENGTH = 32

/** How long the end of a link may take: without any progress, and in all. Frames must leave, arrive and be answered. A
 *  remote that takes nothing, or announces frames that never come, delays no one further. Beyond: the rest is lost. */
export const GOODBYE_IDLE_MS = 1_000
export const GOODBYE_MAX_MS = 10_000

/** Bytes of UTF-8 in a goaway's reason: a sentence for a person, as long as WebTransport's. Beyond: cut by the sender between two
 *  characters, 'peer-violation' at the receiver. */
export const GOAWAY_REASON_MAX_BYTES = 1024

/** UTF-16 units of it towards a build without the feature 'long-reason', to which more is a violation. Beyond: cut. */
export const GOAWAY_REASON_MAX_LENGTH = 256

/** Between pings on a link, which measure the round trip; ICE's consent checks (RFC 7675) tell whether it lives. */
export const LINK_PING_MS = 15_000

/** Bytes of an OPEN's params, as JSON text. Beyond: 'too-large'. */
export const PARAMS_MAX_BYTES = 1024

/** Bytes in one message of `messages()` by default. Beyond: `send` rejects 'too-large', an incoming one resets the stream. */
export const MESSAGE_MAX_BYTES = 1024 * 1024

/** What the messages on all streams of a connection may hold that have begun and are not whole: what was read of a stream is no longer
 *  bounded by its credit, and 1,024 streams with a message each would hold a gigabyte. Two honest pages that send files as single
 *  messages hold 64 of them. Beyond: the stream is reset with STREAM_CODES.messageTooLarge. */
export const MESSAGES_GATHERED_MAX_BYTES = 64 * 1024 * 1024

// ── datagrams ────────────────────────────────────────────────────────────────────────────────

/** Bytes in one datagram: with what DTLS, SCTP, UDP and IP add it stays under the 1,280 bytes that every path carries whole, so that
 *  none is lost for a lost fragment. Beyond: `send` throws 'too-large', an incoming one is dropped. */
export const DATAGRAM_MAX_BYTES = 1100

/** How long a datagram may wait to be sent: later it is worth less than the ones behind it. Beyond: dropped, counted. */
export const DATAGRAM_AGE_MAX_MS = 100

/** Datagrams that wait in one flow, to be sent or to be read, and their bytes: half a second at 2,000 a second, so that a page that is
 *  busy for a moment loses none. Beyond: the oldest is dropped, counted. */
export const DATAGRAM_QUEUE_MAX = 1024
export const DATAGRAM_QUEUE_MAX_BYTES = 1024 * 1024

/** Bytes that wait in all flows of a link, each way, counting 64 beside each datagram (flows are as many as streams). Beyond: dropped,
 *  counted. */
export const DATAGRAMS_QUEUED_MAX_BYTES = 4 * 1024 * 1024

/** Datagrams kept for flows that were not opened yet, and for how long: they may overtake the OPEN. Beyond: the oldest is dropped. */
export const DATAGRAM_EARLY_MAX = 64
export const DATAGRAM_EARLY_MS = 1_000

/** Control messages of other parts (SDP, RETIRE, relays) that are kept until the connection is in use, which the reading of its path may
 *  delay by a quarter of a second; and of SDP, until the code for calls is loaded. An honest remote sends one of each. They would fill
 *  memory. Beyond: a violation. */
export const CONTROL_EARLY_MAX = 8

// ── media ────────────────────────────────────────────────────────────────────────────────────

/** UTF-16 units of a description that carries tracks; all is ASCII. Chromium's for TRACKS_MAX of both kinds has about 14,500, each
 *  codec of video being offered once, and 1,300 more with each codec that browsers may learn; Firefox' has 11,500. The browser's parser
 *  reads it, so it does not read without bound. Beyond: 'peer-violation'. */
export const SDP_MAX_LENGTH = 32 * 1024

/** Tracks of one kind, each way, on one connection: a face, a screen, and two more. Beyond: 'too-many', 'peer-violation'. */
export const TRACKS_MAX = 4

/** Sections of a description: one for data, and one for a track each way of TRACKS_MAX of both kinds, which are used again and never
 *  more. A browser makes a transceiver of each, and its answer grows beyond SDP_MAX_LENGTH. Counted before its parser reads it. Beyond:
 *  'peer-violation'. */
export const SDP_SECTIONS_MAX = 1 + 2 * TRACKS_MAX

/** A remote's offers and asks a second, after a burst, on one connection: each makes the browser work for some milliseconds. A call takes
 *  a few. Beyond: the answer comes when its time has come, and so does the offer that was asked for. */
export const OFFERS_PER_SECOND = 10
export const OFFER_BURST = 40

/** Labels of one Media each way, and UTF-16 units in each. Beyond: 'too-many', 'invalid-argument'; 'peer-violation'. */
export const LABELS_MAX = 32
export const LABEL_MAX_LENGTH = 64

// ── people ───────────────────────────────────────────────────────────────────────────────────

/** Purposes of one contact or invitation, and UTF-16 units in each: words to choose by, not a place for data. Beyond: 'invalid-argument'. */
export const PURPOSES_MAX = 16
export const PURPOSE_MAX_LENGTH = 64

/** Relays of one contact: a dial tries them all. Beyond: 'invalid-argument'. */
export const CONTACT_RELAYS_MAX = 8

/** UTF-16 units in a relay's URL: eight fit an address book's record with room to spare. Beyond: 'invalid-argument'. */
export const RELAY_URL_MAX_LENGTH = 256

/** How far apart two clocks may be: so long before and after midnight UTC the addresses of two days are bound and tried. Beyond: `status`
 *  says that the clock is off, compared with a relay's. */
export const CLOCK_SKEW_MAX_MS = 2 * 3_600_000

/** How long after the last sign of life a contact counts as online, while no more than 200 are: with more, each is asked less often, and
 *  counts for longer (`goodForMs`), up to PRESENCE_MAX_MS. */
export const ONLINE_MS = 60_000
export const PRESENCE_MAX_MS = 600_000

/** Envelopes a second, after a burst, that questions for presence and their answers take at one relay: less than half of what a relay lets
 *  one send (20, 100) and of the knocks that a peer opens (20, 60), so that dials never wait for them. Beyond: asked later. */
export const PRESENCE_PER_SECOND = 8
export const PRESENCE_BURST = 28

/** Invitations that are open, or spent and not yet expired: each binds an address at every relay, before the contacts' (a socket may
 *  bind 4,096). Beyond: the oldest spent one is forgotten; where all are open, 'too-many'. */
export const INVITES_MAX = 64

/** How long, in milliseconds, a used invitation still admits the guest who used it: their page may have closed before it saved the contact,
 *  and so may the inviter's. Until then anyone who has the link learns who the inviter is, as while it was open; others than the guest get
 *  'used' once they have proved who they are. Beyond: 'used'. */
export const INVITE_RETURN_MS = 60_000

/** Invitations of others that a peer remembers to have used, 90 bytes each, in one record. Beyond: the oldest is forgotten, and its
 *  link says 'used' when it is opened again. */
export const TAKEN_INVITES_MAX = 256

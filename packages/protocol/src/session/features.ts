/**
 * What a peer may be asked for beyond version 1 of the link. A frame or control message that the remote does not know is a
 * violation, so whatever is new on the wire goes only to a remote whose hello names its feature. A build without any names none.
 *
 * Each is listed here with what both ends do once both have named it.
 */
export const FEATURES = {
  /** An OPEN without data may name several protocols; the ACCEPT says which is spoken, and nothing is sent before. OPENs for what is
   *  not served wait for the first second. */
  ask: 'ask',
  /** Each stream has a little credit of its own (frames 12 and 13), for when the connection's is used up: streams without a reader
   *  cannot stop the others. */
  ownCredit: 'own-credit',
  /** Control message 11: its sender opens no more streams here, since another connection between the two instances is in use. */
  retire: 'retire',
  /** Control message 12: where its sender can be found from now on. */
  relays: 'relays',
  /** Each end says whether its own end of the path is at a TURN server: in hello, and by control message 13 when that changes. */
  path: 'path',
  /** The reason of a goaway may have GOAWAY_REASON_MAX_BYTES. */
  longReason: 'long-reason',
  /** A goaway counts the frames that were sent on each lane, and ends the link when they have arrived. */
  countedGoodbye: 'counted-goodbye',
  /** Data in flow is acknowledged within ACK_LOAD_MS, so its sender need not have ACK_MS of it in flight. */
  promptAcks: 'prompt-acks',
  /** The session may go on over another path: there both say confirm, hello, and with control message 6 how many frames of each lane
   *  they have received; what was not is sent again. */
  resume: 'resume',
} as const

export type Feature = (typeof FEATURES)[keyof typeof FEATURES]

/** What this build says in its hello; and 'resume', where its driver attaches other paths. */
export const OUR_FEATURES: readonly Feature[] = Object.values(FEATURES).filter((feature) => feature !== FEATURES.resume)

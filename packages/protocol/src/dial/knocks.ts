import { KithError } from '../errors.ts'
import type { Bytes, Millis } from '../machine.ts'
import type { Handshake, KeySteps } from '../noise/handshake.ts'
import type { Route } from '../rendezvous/way.ts'
import type { DialContext } from './context.ts'
import { PLAINTEXT_BYTES, pad } from './envelope.ts'
import { dialHandshake } from './handshake.ts'
import type { DialInput, Reply } from './io.ts'
import { encodeKnock, type Knock } from './messages.ts'
import { Resend } from './resend.ts'

type DialRequest = Extract<DialInput, { type: 'dial' }>

/** One route's knock: kept whole, because the same bytes are resent and several instances may answer them. */
interface SentKnock {
  readonly route: Route
  readonly handshake: Handshake
  readonly envelope: Bytes
}

interface Parent {
  /** Whether an answer is still awaited. */
  isWanted(): boolean
  /** No knock can be sealed. */
  failed(error: KithError): void
}

/** The knocks of one dial: one a route, sealed, sent and sent again until an answer comes. */
export class Knocks {
  readonly #request: DialRequest
  readonly #dialId: Bytes
  readonly #context: DialContext
  readonly #parent: Parent
  readonly #sent: SentKnock[] = []
  readonly #resend = new Resend()

  constructor(request: DialRequest, dialId: Bytes, context: DialContext, parent: Parent) {
    this.#request = request
    this.#dialId = dialId
    this.#context = context
    this.#parent = parent
  }

  get isEmpty(): boolean {
    return this.#sent.length === 0
  }

  /** On every route by this carrier: what is in it leads to no other. */
  send({ origin, address, presence }: Reply): void {
    const { dial, routes, protocols, way } = this.#request
    const knock: Knock = {
      dialId: this.#dialId,
      instance: this.#context.instance,
      replyAddress: address,
      replyOrigins: [origin],
      protocols,
      presence,
    }
    const payload = pad(encodeKnock(knock), PLAINTEXT_BYTES.handshake)
    for (const route of routes) {
      if (route.origin !== origin) continue
      const handshake = dialHandshake('initiator', way, route, this.#context)
      this.#context.keys.run(
        dial,
        handshake.writeMessage(payload),
        (envelope) => this.#sealed({ route, handshake, envelope }),
        (cause) => this.#parent.failed(new KithError('invalid-argument', 'This PeerId cannot be dialled.', { cause })),
      )
    }
  }

  tick(now: Millis): void {
    if (this.#resend.isDue(now)) for (const knock of this.#sent) this.#transmit(knock)
  }

  /** Infinity: none. */
  deadline(): Millis {
    return this.#resend.deadline()
  }

  /** An answer has come, or none is awaited any more. */
  stop(): void {
    this.#resend.stop()
  }

  /**
   * The handshake that this envelope completes as a message 2, if it is the answer to a knock on this carrier. As a copy: another
   * instance may answer the same knock.
   */
  *open(origin: string, envelope: Bytes): KeySteps<{ handshake: Handshake; payload: Bytes } | undefined> {
    for (const knock of this.#sent.filter(({ route }) => route.origin === origin)) {
      const handshake = knock.handshake.fork()
      try {
        return { handshake, payload: yield* handshake.readMessage(envelope) }
      } catch (error) {
        // Sealed for another knock, or with keys that are not known: the next knock may fit.
        if (!(error instanceof KithError)) throw error
      }
    }
    return undefined
  }

  #sealed(knock: SentKnock): void {
    if (!this.#parent.isWanted()) return
    const isFirst = this.isEmpty
    this.#sent.push(knock)
    this.#transmit(knock)
    // No protocol is named: a question for presence is asked anew in a while. With resends, a hundred absent contacts would use up
    // what a relay lets one send.
    if (this.#request.protocols.length === 0) return
    if (isFirst) this.#context.emit({ type: 'prepare', dial: this.#request.dial })
    this.#resend.start(this.#context.now())
  }

  #transmit({ route, envelope }: SentKnock): void {
    this.#context.emit({ type: 'send', origin: route.origin, to: new Uint8Array(route.address), envelope })
  }
}

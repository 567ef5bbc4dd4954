/**
 * All Media of one connection. Each is a stream of kind 'media' on which it rings, is accepted and labels its tracks; the tracks
 * themselves flow on the connection, and say by the name of their MediaStream to which Media they belong. SDP and streams travel
 * on different lanes: a track may be there before the accept that it followed, and waits for it here.
 */
import { type Fields, KithError, type Packable, type ProtocolName, violation } from '@kith/protocol'
import type { Connection, IncomingMedia, Media, OpenOptions } from '../../api.ts'
import type { Negotiator } from '../../path/webrtc/negotiator.ts'
import { Renegotiation } from '../../path/webrtc/renegotiation.ts'
import { now } from '../../runtime/driver.ts'
import { timerMs } from '../../runtime/timer-ms.ts'
import type { Link, LinkStream } from '../../session/link.ts'
import { CallSignaling, IGNORE } from './call-signaling.ts'
import { type LabelledTrack, LiveMedia } from './media.ts'
import { RingingMedia } from './ringing.ts'
import { parseStreamName } from './stream-messages.ts'

export interface CallsOptions {
  readonly link: Link
  readonly negotiator: Pick<Negotiator, 'renegotiate'>
  readonly connection: Connection
  /** Sends a control message that carries SDP. */
  readonly sendSdp: (fields: readonly Packable[]) => void
}

export class Calls {
  readonly #link: Link
  readonly #connection: Connection
  readonly #negotiator: CallsOptions['negotiator']
  readonly #sendSdp: CallsOptions['sendSdp']
  /** There once tracks may flow: most connections never carry any. */
  #renegotiation: Renegotiation | undefined
  /** By the ids of their streams. */
  readonly #live = new Map<number, LiveMedia>()
  /** Opened to us and not accepted: no track of theirs may flow. */
  readonly #ringing = new Set<number>()

  constructor({ link, negotiator, connection, sendSdp }: CallsOptions) {
    this.#link = link
    this.#connection = connection
    this.#negotiator = negotiator
    this.#sendSdp = sendSdp
  }

  /** A control message that carries SDP. Throws 'peer-violation'. */
  receive(fields: Fields): void {
    this.#renegotiate().receive(fields)
  }

  /** Resolves when the remote accepts. Rejects with 'refused', 'timeout', 'aborted', and as `Link.open`. */
  async open(protocols: readonly ProtocolName[], { params, priority, signal, timeoutMs }: MediaOpenOptions): Promise<Media> {
    const until = now() + timeoutMs
    const stream = await this.#link.open(protocols, {
      kind: 'media',
      params,
      timeoutMs,
      ...(priority === undefined ? {} : { priority }),
      ...(signal === undefined ? {} : { signal }),
    })
    let stopWaiting = (): void => undefined
    try {
      return await new Promise<Media>((resolve, reject) => {
        const signaling = this.#signaling(stream)
        const giveUp = (error: KithError) => {
          signaling.listener = IGNORE
          signaling.end()
          reject(error)
        }
        signaling.listener = {
          heard: ({ type }) => {
            if (type === 'accept') resolve(this.#begin(signaling))
            else if (type === 'decline') giveUp(refused())
            else throw violation('a label before accept')
          },
          // Where their handler throws, the stream is reset, with neither accept nor decline.
          over: (error) => giveUp(error === undefined || error.code === 'reset' ? refused(error) : error),
        }
        const onAbort = () =>
          giveUp(new KithError('aborted', 'The call was given up before it was accepted.', { cause: signal?.reason }))
        const late = () => giveUp(new KithError('timeout', 'The call was not accepted in time.'))
        const timer = setTimeout(late, timerMs(until - now()))
        signal?.addEventListener('abort', onAbort)
        stopWaiting = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
        }
      })
    } finally {
      stopWaiting()
    }
  }

  /** A stream of kind 'media' that the remote has opened. */
  ring(stream: LinkStream): IncomingMedia {
    const signaling = this.#signaling(stream)
    this.#ringing.add(stream.id)
    return new RingingMedia({
      signaling,
      connection: this.#connection,
      begin: () => {
        this.#ringing.delete(stream.id)
        return this.#begin(signaling)
      },
      onEnd: () => this.#ringing.delete(stream.id),
    })
  }

  #renegotiate(): Renegotiation {
    this.#renegotiation ??= this.#negotiator.renegotiate(
      (engine) => new Renegotiation(engine, { send: this.#sendSdp, onIncoming: () => this.#update() }),
    )
    return this.#renegotiation
  }

  #signaling(stream: LinkStream): CallSignaling {
    return new CallSignaling(stream, IGNORE, (error) => this.#link.fail(error))
  }

  #begin(signaling: CallSignaling): LiveMedia {
    const { id } = signaling.stream
    const media = new LiveMedia({
      signaling,
      tracks: this.#renegotiate().tracks,
      connection: this.#connection,
      onEnd: () => this.#live.delete(id),
    })
    this.#live.set(id, media)
    // Tracks that overtook the accept are announced once the caller that awaits the Media can listen.
    setTimeout(() => this.#update(), 0)
    return media
  }

  /** Gives each Media the tracks that flow for it. Those of a Media that is over are on their way out, and ignored. */
  #update(): void {
    try {
      const flowing = new Map<number, LabelledTrack[]>()
      for (const { name, track } of this.#renegotiate().tracks.incoming()) {
        const of = parseStreamName(name)
        if (of === undefined) continue
        if (this.#ringing.has(of.streamId)) throw violation('a track before accept')
        flowing.set(of.streamId, [...(flowing.get(of.streamId) ?? []), { track, n: of.n }])
      }
      for (const [id, media] of [...this.#live]) media.flow(flowing.get(id) ?? [])
    } catch (error) {
      if (!(error instanceof KithError)) throw error
      this.#link.fail(error)
    }
  }
}

export type MediaOpenOptions = Pick<OpenOptions, 'params' | 'priority' | 'signal'> & {
  /** Until it is accepted. */
  readonly timeoutMs: number
}

function refused(cause?: KithError): KithError {
  return new KithError('refused', 'They declined the call.', { source: 'remote', cause })
}

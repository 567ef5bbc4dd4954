/** The stream of a Media: sends and receives its messages, and reports its end. */
import { KithError } from '@kith/protocol'
import type { LinkStream } from '../../session/link.ts'
import { type Messages, messages } from '../../session/messages.ts'
import { decodeStreamMessage, encodeStreamMessage, STREAM_MESSAGE_MAX_BYTES, type StreamMessage } from './stream-messages.ts'

/** What handles the Media at the time: the call while it rings, later the Media. */
export interface CallListener {
  /** Throws 'peer-violation' for what is out of turn. */
  heard(message: StreamMessage): void
  /** They are done, or `error` cut it short. Nothing comes after it. */
  over(error: KithError | undefined): void
}

/** For a Media that is over: what still comes is of no interest. */
export const IGNORE: CallListener = { heard: () => undefined, over: () => undefined }

export class CallSignaling {
  readonly stream: LinkStream
  listener: CallListener
  readonly #messages: Messages<LinkStream>

  /** @param violated the remote broke the rules: that ends the connection. */
  constructor(stream: LinkStream, listener: CallListener, violated: (error: KithError) => void) {
    this.stream = stream
    this.listener = listener
    this.#messages = messages(stream, { maxMessageSize: STREAM_MESSAGE_MAX_BYTES })
    void this.#listen(violated)
  }

  say(message: StreamMessage): void {
    // Where the stream has failed, `over` says so.
    this.#messages.send(encodeStreamMessage(message)).catch(() => undefined)
  }

  /** Nothing more of ours. The other side answers with its own end. */
  end(): void {
    this.#messages.close().catch(() => undefined) // as in `say`
  }

  async #listen(violated: (error: KithError) => void): Promise<void> {
    try {
      for await (const { data } of this.#messages) this.listener.heard(decodeStreamMessage(data))
      this.listener.over(undefined)
    } catch (cause) {
      const error = cause instanceof KithError ? cause : new KithError('lost', 'The call was lost.', { cause })
      if (error.code === 'peer-violation' || error.code === 'too-large') violated(error)
      this.listener.over(error)
    }
  }
}

/** What carries awareness between two people: the one file that knows whether it is a stream or datagrams. */
import { messages, type Peer, type PeerId, type ProtocolName, type Stop, type Stream } from '@kith/sdk'
import { codeOf } from '../errors.ts'

export const AWARENESS: ProtocolName = '/doc/yjs-awareness/v1'

/** Bytes: a name, a PeerId and two positions fit a quarter of it. Beyond: not sent, and the channel ends. */
const AWARENESS_MAX_BYTES = 1024

export interface AwarenessChannel {
  readonly incoming: AsyncIterable<Uint8Array>
  /** Never waits. Of what is said under one key, only the last has to arrive: it is made when there is room to send it. */
  send(key: number, make: () => Uint8Array): void
  close(): void
}

/** `params`: which document. Errors as those of `Peer.open`. */
export async function openAwareness(
  peer: Peer,
  to: PeerId,
  params: { readonly doc: string },
  signal: AbortSignal,
): Promise<AwarenessChannel> {
  return overStream(await peer.open(to, AWARENESS, { params, signal }))
}

export interface OfferedAwareness {
  readonly remote: PeerId
  readonly params: unknown
  accept(): AwarenessChannel
  refuse(): void
}

export function handleAwareness(peer: Peer, handler: (offered: OfferedAwareness) => unknown): Stop {
  return peer.handle(AWARENESS, (stream) =>
    handler({
      remote: stream.remote,
      params: stream.params,
      accept: () => overStream(stream),
      refuse: () => stream.reset(),
    }),
  )
}

function overStream(stream: Stream): AwarenessChannel {
  const whole = messages(stream, { maxMessageSize: AWARENESS_MAX_BYTES })
  const waiting = new Map<number, () => Uint8Array>()
  let isSending = false
  const pump = async () => {
    isSending = true
    try {
      for (const [key, make] of waiting) {
        waiting.delete(key)
        await whole.send(make())
      }
    } catch (error) {
      // The stream is over, and reading it ends as well.
      if (codeOf(error) === undefined) reportError(error)
    } finally {
      isSending = false
    }
  }
  return {
    incoming: (async function* () {
      for await (const { data } of whole) yield data
    })(),
    send(key, make) {
      waiting.set(key, make)
      if (!isSending) void pump()
    },
    close: () => stream.reset(),
  }
}

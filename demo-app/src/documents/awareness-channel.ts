/** Carries awareness between two people: Kith datagrams, which may be lost, late or reordered. */
import type { Datagrams, Peer, PeerId, ProtocolName, Stop } from '@kith/sdk'
import { codeOf } from '../people/error-code.ts'

export const AWARENESS: ProtocolName = '/doc/yjs-awareness/v1'

export interface AwarenessChannel {
  readonly remote: PeerId
  readonly incoming: AsyncIterable<Uint8Array>
  /** Does not wait; `data` may be lost. */
  send(data: Uint8Array): void
  close(): void
}

/** `params`: which document. Errors as those of `Peer.openDatagrams`. */
export async function openAwareness(
  peer: Peer,
  to: PeerId,
  params: { readonly doc: string },
  signal: AbortSignal,
): Promise<AwarenessChannel> {
  return overDatagrams(await peer.openDatagrams(to, AWARENESS, { params, signal }))
}

/** `params`: which document it is about, as the opener says. The handler closes a channel that it does not want. */
export function handleAwareness(peer: Peer, handler: (channel: AwarenessChannel, params: unknown) => unknown): Stop {
  return peer.handleDatagrams(AWARENESS, (flow) => handler(overDatagrams(flow), flow.params))
}

function overDatagrams(flow: Datagrams): AwarenessChannel {
  return {
    remote: flow.remote,
    incoming: incomingOf(flow),
    send(data) {
      try {
        flow.send(data)
      } catch (error) {
        // The flow is over, and reading it ends as well.
        if (codeOf(error) === undefined) throw error
      }
    },
    close: () => flow.close(),
  }
}

/** Not every browser can iterate over a ReadableStream. */
async function* incomingOf(flow: Datagrams): AsyncGenerator<Uint8Array> {
  const reader = flow.readable.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
}

/** For tests: two links over memory lanes. */
import type { Bytes, ProtocolName, StreamKind } from '@kith/protocol'
import { memoryLanes } from '../path/memory-lanes.ts'
import { Link, type LinkOptions, type LinkStream } from './link.ts'

export const ECHO: ProtocolName = '/echo/1'

export interface Pair {
  readonly dialler: Link
  readonly callee: Link
}

type Side = Partial<Pick<LinkOptions, 'protocols' | 'onIncoming' | 'confirmation' | 'maxMessageSize' | 'features' | 'awaitsPath'>>

export const filled = (length: number, byte: number): Bytes => new Uint8Array(length).fill(byte)

export function linkPair(dialler: Side = {}, callee: Side = {}, lanes = memoryLanes()): Pair {
  const common = { instance: filled(16, 7), protocols: [], maxMessageSize: 262_144, onIncoming: () => undefined }
  const [a, b] = [filled(32, 1), filled(32, 2)]
  return {
    dialler: new Link({ ...common, lanes: lanes[0], role: 0, confirmation: { ours: a, theirs: b }, ...dialler }),
    callee: new Link({ ...common, lanes: lanes[1], role: 1, confirmation: { ours: b, theirs: a }, ...callee }),
  }
}

/** A ready pair whose callee hands each stream for ECHO to `handler`. */
export async function servedPair(handler: (stream: LinkStream) => unknown, lanes = memoryLanes()): Promise<Pair> {
  const pair = linkPair({}, { protocols: [ECHO], onIncoming: () => handler }, lanes)
  await Promise.all([pair.dialler.ready, pair.callee.ready])
  return pair
}

/** Both ends of one stream: `local` is the dialler's, who opened it. */
export async function streamPair(
  lanes = memoryLanes(),
  kind: StreamKind = 'stream',
): Promise<Pair & { readonly local: LinkStream; readonly remote: LinkStream }> {
  let incoming: (stream: LinkStream) => void = () => {}
  const arrived = new Promise<LinkStream>((resolve) => {
    incoming = resolve
  })
  const links = await servedPair((stream) => incoming(stream), lanes)
  const local = await links.dialler.open(ECHO, { kind })
  return { ...links, local, remote: await arrived }
}

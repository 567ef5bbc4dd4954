/** One stream between the two ends of a link, and what tests of streams do with it. */
import { STREAM_WINDOW_BYTES } from '@kith/protocol'
import type { LinkStream } from '@kith/sdk/parts'
import type { Linked } from './linked.ts'

/** Opens a link and a stream of it. `local` opened the stream, `remote` is its other end. */
export type OpenPair = () => Promise<{ readonly local: LinkStream; readonly remote: LinkStream; readonly link: Linked }>

export const bytes = (text: string) => new TextEncoder().encode(text)

/** All that comes. A Response would hide how it failed: Chromium makes a TypeError of it. */
export async function wholeOf(readable: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  const reader = readable.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value)
  return new Uint8Array(await new Blob(chunks).arrayBuffer())
}

export const textOf = async (readable: ReadableStream<Uint8Array<ArrayBuffer>>) =>
  new TextDecoder().decode(await wholeOf(readable))

/** More than flow control lets go without a reader. */
export const MUCH = 4 * STREAM_WINDOW_BYTES

/** Whether it has settled by the time that a message has gone there and back several times. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  const settled = () => {
    isSettled = true
  }
  promise.then(settled, settled)
  await new Promise((resolve) => setTimeout(resolve, 50))
  return !isSettled
}

export async function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'fulfilled',
    (reason: unknown) => reason,
  )
}

/** Writes and closes. What comes of it is seen at the other side, and where the link ends first that is no matter. */
export function sayLast(writer: WritableStreamDefaultWriter<ArrayBuffer | ArrayBufferView>, chunk = new Uint8Array(0)): void {
  writer
    .write(chunk)
    .then(() => writer.close())
    .catch(() => undefined)
}

/**
 * For tests: the handlers of README.md and of the examples, letter by letter as they stand there (readme-handlers.browser.test.ts holds
 * them equal), and what they take as given.
 */
import * as Y from 'yjs'
import { type Datagrams, type Media, messages, type Peer, type PeerId, type Stream } from './index.ts'

// biome-ignore format: as README.md has them
// biome-ignore-start lint: as README.md has them
export function chat(peer: Peer): void {
peer.handle('/chat/v1', async (stream) => {
  for await (const message of messages(stream)) console.log(stream.remote, message.text())
})
}

// biome-ignore format: as README.md has it
export function call(peer: Peer, camera: MediaStream): void {
function show(call: Media) {
  for (const track of camera.getTracks()) call.addTrack(track)
  call.on('track', ({ stream }) => { document.querySelector('video')!.srcObject = stream })  // <video autoplay playsinline>
}
peer.handleMedia('/call/v1', (incoming) => show(incoming.accept()))
}

// biome-ignore format: as README.md has it
export function document_(peer: Peer): Y.Doc {
const doc = new Y.Doc()
async function sync(stream: Stream) {
  const line = messages(stream)
  const tell = (update: Uint8Array, from?: unknown) => from === line || line.send(update).catch(() => doc.off('update', tell))
  doc.on('update', tell)
  tell(Y.encodeStateAsUpdate(doc))                            // what I have already, then each change
  for await (const { data } of line) Y.applyUpdate(doc, data, line)
}
peer.handle('/document/v1', sync)
return doc
}

// biome-ignore format: as README.md has it
export function echo(peer: Peer): void {
    peer.handle('/echo/v1', (stream) => stream.readable.pipeTo(stream.writable))
}

// biome-ignore format: as README.md has it
export function arena(peer: Peer, place: (from: PeerId, datagram: Uint8Array<ArrayBuffer>) => void): void {
peer.handleDatagrams('/arena/v1', async (flow) => {
  flow.on('datagram', (datagram) => place(flow.remote, datagram))   // or `for await (const datagram of flow.readable)`
})
}

/** Each JSON message is shown, as `.json()` under 'Messages' reads it. */
export function json(peer: Peer): void {
  peer.handle('/json/v1', async (stream) => {
    for await (const message of messages(stream)) console.log(message.json<{ text: string }>().text.length)
  })
}

// biome-ignore format: as examples/1b-stream-chat.ts has it
export async function talk(stream: Stream): Promise<void> {
  const chat = messages(stream)
  document.querySelector('input')!.onchange = (e) => chat.send((e.target as HTMLInputElement).value)
  for await (const m of chat) console.log(stream.connection.contact?.name, m.text())
}

// biome-ignore format: as examples/4b-datagrams.ts has it
export function game(peer: Peer): void {
const me = { x: 0, y: 0 }
const others = new Map<PeerId, { x: number; y: number; seq: number }>()
const place = (from: PeerId, d: Uint8Array<ArrayBuffer>): void => {
  const v = new DataView(d.buffer, d.byteOffset, d.byteLength)
  const seq = v.getUint32(0)
  if (seq > (others.get(from)?.seq ?? -1)) others.set(from, { seq, x: v.getFloat32(4), y: v.getFloat32(8) })
}
const pack = (seq: number): Uint8Array => {
  const v = new DataView(new ArrayBuffer(12))
  v.setUint32(0, seq); v.setFloat32(4, me.x); v.setFloat32(8, me.y)
  return new Uint8Array(v.buffer)
}

let seq = 0
async function play(flow: Datagrams): Promise<void> {
  const out = flow.writable.getWriter()
  const timer = setInterval(() => out.write(pack(seq++)).catch(() => clearInterval(timer)), 33)
  for await (const d of flow.readable) place(flow.remote, d)
}
peer.handleDatagrams('/game/v1', play)
}

// biome-ignore format: as examples/5-file.ts has it
export function file(peer: Peer, showSaveFilePicker: (options: { suggestedName: string }) => Promise<{ createWritable(): Promise<WritableStream> }>): void {
const progress = (total: number, show: (ratio: number) => void) => {
  let done = 0
  return new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, out) { out.enqueue(chunk); show((done += chunk.byteLength) / total) },
  })
}
peer.handle('/file/v1', async (stream) => {
  const { name, size } = stream.params as { name: string; size: number }
  if (!confirm(`${stream.connection.contact?.name}: ${name}, ${size} bytes?`)) return stream.reset()
  const file = await showSaveFilePicker({ suggestedName: name })
  await stream.readable.pipeThrough(progress(size, console.log)).pipeTo(await file.createWritable())
})
}

// biome-ignore format: as examples/7-invite-call.ts has it
export function inviteCall(peer: Peer, camera: MediaStream): void {
const hangup = document.querySelector<HTMLButtonElement>('#hangup')!

async function show(media: Media): Promise<void> {
  for (const track of camera.getTracks()) media.addTrack(track)
  media.on('track', ({ stream }) => { document.querySelector('video')!.srcObject = stream })
  hangup.onclick = () => media.close()
  await media.closed
}
peer.handleMedia('/ring/v1', (incoming) => {
  if (!confirm(`${incoming.connection.contact?.name} is calling`)) return incoming.decline()
  return show(incoming.accept())
})
}

// biome-ignore-end lint: as README.md has them

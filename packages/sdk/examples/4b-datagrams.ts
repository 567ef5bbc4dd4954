// One host and its players, WebTransport style.
import { createPeer, type Datagrams, type PeerId } from '@kith/sdk'

const peer = await createPeer({ storage: 'memory' })
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
const host: PeerId = '12D3KooW9pNAk8aiBuGVQtWRdbkLmo5qVL3e2h5UxbN2Nz9ttwiw'
async function play(flow: Datagrams): Promise<void> {
  const out = flow.writable.getWriter()
  const timer = setInterval(() => out.write(pack(seq++)).catch(() => clearInterval(timer)), 33)
  for await (const d of flow.readable) place(flow.remote, d)
}
peer.handleDatagrams('/arena/v1', play)
if (peer.id !== host) await play(await peer.openDatagrams(host, '/arena/v1'))

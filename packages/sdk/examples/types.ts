// Friction and refusals that must stay as they are.
import { createPeer, type KeyValueStore, KithError, type PeerId, type Stream } from '@kith/sdk'
const peer = await createPeer()
const names = ['/chat/v2', '/chat/v1'] as const
const streams: Stream[] = []
using serving = peer.handle(names, (s) => streams.push(s))                       // readonly names; a handler may return anything
const off: () => void = peer.on('status', (s) => console.log(s.reach))           // React's useEffect shape
off(); void serving
const [ada] = peer.contacts
if (ada) {
  const s = await peer.open(ada, names)                                          // contact, PeerId alike
  for await (const text of s.readable.pipeThrough(new TextDecoderStream())) console.log(text)
  const out = new TextEncoderStream(); void out.readable.pipeTo(s.writable)
}
const literal: PeerId = '12D3KooW9pNAk8aiBuGVQtWRdbkLmo5qVL3e2h5UxbN2Nz9ttwiw'   // a literal needs no parsing
const dom: Storage = localStorage                                                // the DOM's Storage is not shadowed
const store: KeyValueStore = { get: async () => undefined, set: async () => {}, delete: async () => {}, keys: async () => [] }
console.log(literal, dom, store)
// @ts-expect-error not a PeerId
void peer.open('Ada', '/chat/v1')
// @ts-expect-error not a ProtocolName
void peer.open(literal, 'chat')
// @ts-expect-error a string has to be checked first
void peer.open(localStorage.getItem('friend')!, '/chat/v1')
// @ts-expect-error no such event
peer.on('disconnected', () => {})
try { await peer.accept('x') } catch (e) { if (e instanceof KithError && e.code === 'no-relay') console.log(e.source) }
peer.handle('/put/v1', (s) => s.readable.pipeTo(new WritableStream()))
await fetch('/x', { method: 'POST', body: await peer.identity.sign(new Uint8Array(1), 'test') })
const chat = await import('@kith/sdk').then((m) => m.messages(null as unknown as Stream))
for await (const m of chat) console.log(m.json<{ n: number }>().n.toFixed())

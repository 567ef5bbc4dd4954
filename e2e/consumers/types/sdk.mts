import {
  type Bytes,
  createPeer,
  type Datagrams,
  type KeyValueStore,
  KithError,
  type Media,
  messages,
  type PeerId,
  type Stream,
} from '@kith/sdk'

export async function use(ada: PeerId, flow: Datagrams, call: Media) {
  await using peer = await createPeer({ storage: 'memory', iceServers: [{ urls: 'stun:stun.example' }] })
  const streams: Stream[] = []
  using serving = peer.handle(['/a/v2', '/a/v1'] as const, (stream) => streams.push(stream))
  const stop: () => void = peer.on('status', ({ reach }) => console.log(reach))
  stop()
  serving()
  const stream = await peer.open(ada, '/a/v1', { params: { about: 'types' } })
  for await (const message of messages(stream)) console.log(message.text(), message.json<number>().toFixed())
  const { value } = await stream.readable.getReader().read()
  const bytes: Bytes | undefined = value
  const plain: Uint8Array | undefined = bytes
  await stream.writable.getWriter().write(new TextEncoder().encode('hello'))
  flow.send(new Uint8Array(3))
  call.on('track', (remote) => Object.assign(document.createElement('video'), { srcObject: remote.stream }))
  // Bytes are accepted where the platform wants them.
  const signed = await peer.identity.sign(new Uint8Array(1), 'test')
  await fetch('/x', { method: 'POST', body: signed })
  await crypto.subtle.digest('SHA-256', signed)
  const store: KeyValueStore = { get: async () => signed, set: async () => {}, delete: async () => {}, keys: async () => [] }
  try {
    await peer.accept('x')
  } catch (error) {
    if (error instanceof KithError && error.code === 'no-relay') console.log(error.source)
  }
  // @ts-expect-error not a PeerId
  await peer.open('Ada', '/a/v1')
  // @ts-expect-error no such event
  peer.on('disconnected', () => {})
  for (const { name } of peer.contacts) console.log(name, plain, store)
}

/** Ours, through the public API alone, as an application would use it. */
import { DatagramCount } from '/page/bytes.js'
import { camera, show } from '/page/call.js'

const ECHO = '/bench/echo'
const SINK = '/bench/sink'
const DATAGRAMS = '/bench/datagrams'
const CALL = '/bench/call'

/** @param {{ sdk?: string }} options where the SDK lies */
export async function create({ role, room, servers, sdk = '/sdk/kith/index.js' }) {
  const { createPeer } = await import(sdk)
  // Each a person of their own, kept in IndexedDB as an application's would be: keys in WebCrypto live there.
  const peer = await createPeer({ relays: [servers.relay], profile: room + role, local: false, iceServers: [] })
  const end = {
    id: peer.id,

    /** Both must know each other, and be bound at the relay, before the first dial is timed. */
    async meet(id) {
      await peer.contacts.add({ id, name: 'bench', relays: [servers.relay] })
      if (peer.status.relays.some(({ state }) => state === 'ready')) return
      await new Promise((resolve) =>
        peer.on('status', ({ relays }) => relays.some(({ state }) => state === 'ready') && resolve()),
      )
    },
    leave: () => peer.close(),
  }
  return Object.assign(end, role === 'dialler' ? dialler(peer) : callee(peer))
}

function dialler(peer) {
  const remote = () => [...peer.contacts][0]
  let connection

  const open = async (protocol) => {
    const stream = await peer.open(remote(), protocol)
    connection = stream.connection
    const writer = stream.writable.getWriter()
    const reader = stream.readable.getReader()
    // Read and not asked for: one chunk may hold several answers.
    let surplusBytes = 0
    return {
      write(chunk) {
        writer.write(chunk)
        return writer.desiredSize <= 0 ? writer.ready : undefined
      },
      finish: () => writer.close(),
      async read(bytes) {
        while (surplusBytes < bytes) surplusBytes += (await reader.read()).value.length
        surplusBytes -= bytes
      },
      close() {
        if (protocol === ECHO) writer.close()
      },
    }
  }

  return {
    hasStreams: true,
    async dial() {
      this.echo = await open(ECHO)
      this.echo.write(new Uint8Array(1))
      await this.echo.read(1)
    },
    hangUp: () => connection.close(),
    open: (kind) => open(kind === 'echo' ? ECHO : SINK),
    async datagrams() {
      const flow = await peer.openDatagrams(remote(), DATAGRAMS)
      // An older build has streams alone.
      const writer = flow.ready === undefined ? flow.writable.getWriter() : undefined
      return {
        send(datagram) {
          if (writer === undefined) {
            flow.send(datagram)
            return flow.waiting > 0 ? flow.ready : undefined
          }
          writer.write(datagram)
          return writer.ready
        },
        close: () => flow.close(),
      }
    },
    async call() {
      const media = await peer.openMedia(remote(), CALL)
      const { tracks, stop } = await camera()
      for (const track of tracks) media.addTrack(track)
      this.endCall = () => {
        media.close()
        stop()
      }
    },
  }
}

function callee(peer) {
  const datagrams = new DatagramCount()
  // It ends when the dialler hangs up, which is no news to anyone.
  peer.handle(ECHO, (stream) => stream.readable.pipeTo(stream.writable).catch(() => undefined))
  peer.handle(SINK, async (stream) => {
    const reader = stream.readable.getReader()
    while (!(await reader.read()).done);
    const writer = stream.writable.getWriter()
    writer.write(new Uint8Array(1))
    await writer.close()
  })
  peer.handleDatagrams(DATAGRAMS, async (flow) => {
    datagrams.start()
    if (flow.on !== undefined) return flow.on('datagram', (datagram) => datagrams.arrived(datagram))
    const reader = flow.readable.getReader()
    for (let read = await reader.read(); !read.done; read = await reader.read()) datagrams.arrived(read.value)
  })
  peer.handleMedia(CALL, (call) => call.accept().on('track', ({ stream, track }) => track.kind === 'video' && show(stream)))
  return {
    datagrams,
    /** Resolves once no connection is left, so that the next dial is a dial. */
    async hungUp() {
      for (const connection of peer.connections.values()) await connection.closed.catch(() => undefined)
    },
  }
}

/** Ours, through the public API alone, as an application would use it. */
const ECHO = '/bench/echo'
const SINK = '/bench/sink'

/** @param {{ role: 'dialler' | 'callee', relay: string, sdk: string }} options */
export async function createKith({ role, relay, sdk }) {
  const { createPeer } = await import(sdk)
  const peer = await createPeer({ relays: [relay], storage: 'memory', local: false, iceServers: [] })
  const common = {
    id: peer.id,

    /** Both must know each other, and be bound at the relay, before the first dial is timed. */
    async meet(id) {
      await peer.contacts.add({ id, name: 'bench', relays: [relay] })
      if (peer.status.relays.some(({ state }) => state === 'ready')) return
      await new Promise((resolve) =>
        peer.on('status', ({ relays }) => relays.some(({ state }) => state === 'ready') && resolve()),
      )
    },
  }
  return role === 'dialler' ? { ...common, ...dialler(peer) } : { ...common, ...callee(peer) }
}

function dialler(peer) {
  let conversation
  const remote = () => [...peer.contacts][0]

  const echo = async ({ writer, reader }, bytes) => {
    writer.write(new Uint8Array(bytes))
    for (let received = 0; received < bytes; ) received += (await reader.read()).value.length
  }

  const open = async (protocol) => {
    const stream = await peer.open(remote(), protocol)
    return { stream, writer: stream.writable.getWriter(), reader: stream.readable.getReader() }
  }

  return {
    async dial() {
      conversation = await open(ECHO)
      await echo(conversation, 1)
    },

    hangUp: () => conversation.stream.connection.close(),

    ping: (bytes) => echo(conversation, bytes),

    async open() {
      const fresh = await open(ECHO)
      await echo(fresh, 1)
      fresh.writer.close()
    },

    async bulk(bytes, messageBytes) {
      const { writer, reader } = await open(SINK)
      const message = new Uint8Array(messageBytes)
      const startedAt = performance.now()
      for (let sent = 0; sent < bytes; sent += messageBytes) {
        await writer.ready
        writer.write(message)
      }
      writer.close()
      await reader.read()
      return performance.now() - startedAt
    },
  }
}

function callee(peer) {
  // It ends when the dialler hangs up, which is no news to anyone.
  peer.handle(ECHO, (stream) => stream.readable.pipeTo(stream.writable).catch(() => undefined))
  peer.handle(SINK, async (stream) => {
    const reader = stream.readable.getReader()
    while (!(await reader.read()).done);
    const writer = stream.writable.getWriter()
    writer.write(new Uint8Array(1))
    await writer.close()
  })
  return {
    /** Resolves once no connection is left, so that the next dial is a dial. */
    async hungUp() {
      for (const connection of peer.connections.values()) await connection.closed.catch(() => undefined)
    },
  }
}

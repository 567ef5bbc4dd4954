/** js-libp2p with its WebRTC transport and a circuit relay, put together as the transport's documentation says. */
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webRTC } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { WebRTC } from '@multiformats/multiaddr-matcher'
import { createLibp2p } from 'libp2p'
import { Arrivals, areLast, DatagramCount, LAST } from '/page/bytes.js'

const ECHO = '/bench/echo'
const SINK = '/bench/sink'
/** Per protocol and connection; the default is 32. */
const STREAMS_MAX = 1000

export async function create({ role, servers }) {
  const isCallee = role === 'callee'
  const node = await createLibp2p({
    addresses: { listen: isCallee ? ['/p2p-circuit', '/webrtc'] : [] },
    transports: [webSockets(), webRTC({ rtcConfiguration: { iceServers: [] } }), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  })
  await node.dial(multiaddr(servers.libp2p))
  const end = isCallee ? await callee(node) : dialler(node)
  end.leave = () => node.stop()
  return end
}

function asStream(stream) {
  const arrivals = new Arrivals()
  stream.addEventListener('message', ({ data }) => arrivals.arrived(data.byteLength))
  return {
    write: (chunk) => (stream.send(chunk) ? undefined : stream.onDrain()),
    finish: () => stream.send(LAST),
    read: (bytes) => arrivals.read(bytes),
    close: () => stream.close(),
  }
}

function dialler(node) {
  let address
  let connection
  const open = async (kind) => {
    const stream = await connection.newStream(kind === 'echo' ? ECHO : SINK, { maxOutboundStreams: STREAMS_MAX })
    return asStream(stream)
  }
  const end = {
    hasStreams: true,
    async meet(id) {
      address = multiaddr(id)
    },
    async dial() {
      connection = await node.dial(address)
      end.echo = await open('echo')
      const back = end.echo.read(1)
      end.echo.write(new Uint8Array(1))
      await back
    },
    /** The relayed connection that carried the signals, too. */
    hangUp: () => node.hangUp(connection.remotePeer),
    open,
  }
  return end
}

async function callee(node) {
  await node.handle(ECHO, (stream) => stream.addEventListener('message', ({ data }) => stream.send(data)), {
    maxInboundStreams: STREAMS_MAX,
  })
  await node.handle(SINK, serveSink, { maxInboundStreams: STREAMS_MAX })
  const dialable = () => node.getMultiaddrs().find((address) => WebRTC.matches(address))
  if (dialable() === undefined) {
    await new Promise((resolve) => {
      node.addEventListener('self:peer:update', () => dialable() && resolve())
    })
  }
  return {
    id: dialable().toString(),
    meet: async () => undefined,
    datagrams: new DatagramCount(),
    async hungUp() {
      const direct = node.getConnections().filter(({ remoteAddr }) => WebRTC.matches(remoteAddr))
      await Promise.all(
        direct.map((connection) =>
          connection.status === 'closed' ? undefined : new Promise((resolve) => connection.addEventListener('close', resolve)),
        ),
      )
    },
  }
}

function serveSink(stream) {
  stream.addEventListener('message', ({ data }) => {
    if (areLast(data.subarray())) stream.send(new Uint8Array(1))
  })
}

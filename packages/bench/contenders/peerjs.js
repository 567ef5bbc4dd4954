/**
 * PeerJS as published, with its own server. `connect` makes a connection for each stream. Serialization 'raw', since what crosses
 * are bytes; it only begins to wait at 8 MiB, which halves its rate, so the sender bounds its channel as the raw one does.
 */
import { Peer } from 'peerjs'
import { Arrivals, areLast, DatagramCount, LAST } from '/page/bytes.js'

/** Bytes. As for the raw channel. */
const BUFFERED_MAX = 256 * 1024

export async function create({ role, servers }) {
  const { hostname, port } = new URL(servers.peerjs)
  const peer = new Peer(crypto.randomUUID(), { host: hostname, port: Number(port), path: '/', config: { iceServers: [] } })
  await new Promise((resolve, reject) => {
    peer.on('open', resolve)
    peer.on('error', reject)
  })
  const end = role === 'dialler' ? dialler(peer) : callee(peer)
  return Object.assign(end, { id: peer.id, leave: () => peer.destroy() })
}

function dialler(peer) {
  let remote
  const open = (kind) => {
    const connection = peer.connect(remote, { serialization: 'raw', reliable: true, metadata: { kind } })
    const arrivals = new Arrivals()
    connection.on('data', (data) => arrivals.arrived(data.byteLength))
    const stream = {
      write(chunk) {
        connection.send(chunk)
        const channel = connection.dataChannel
        if (channel.bufferedAmount <= BUFFERED_MAX) return undefined
        channel.bufferedAmountLowThreshold = BUFFERED_MAX / 2
        return new Promise((resolve) => {
          channel.onbufferedamountlow = resolve
        })
      },
      finish: () => connection.send(LAST),
      read: (count) => arrivals.read(count),
      close: () => connection.close(),
    }
    return new Promise((resolve, reject) => {
      connection.on('open', () => resolve(stream))
      connection.on('error', reject)
    })
  }
  const end = {
    hasStreams: false,
    async meet(id) {
      remote = id
    },
    async dial() {
      end.echo = await open('echo')
      const back = end.echo.read(1)
      end.echo.write(new Uint8Array(1))
      await back
    },
    hangUp: () => end.echo.close(),
    open,
  }
  return end
}

function callee(peer) {
  const open = new Set()
  peer.on('connection', (connection) => {
    open.add(connection)
    connection.on('close', () => open.delete(connection))
    const isEcho = connection.metadata.kind === 'echo'
    connection.on('data', (data) => {
      if (isEcho) connection.send(data)
      else if (areLast(new Uint8Array(data))) connection.send(new Uint8Array(1))
    })
  })
  return {
    meet: async () => undefined,
    datagrams: new DatagramCount(),
    async hungUp() {
      for (const connection of open) await new Promise((resolve) => connection.once('close', resolve))
    },
  }
}

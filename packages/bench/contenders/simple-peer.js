/**
 * simple-peer as published, over the same signalling server as the raw one. Its instance is one channel, so a second stream is a
 * second instance. Bytes go through its Duplex stream, which is how it bounds what is buffered.
 */
import SimplePeer from 'simple-peer/simplepeer.min.js'
import { Arrivals, areLast, DatagramCount, LAST } from '/page/bytes.js'
import { joinRoom } from '/page/signalling.js'

const UNRELIABLE = { ordered: false, maxRetransmits: 0 }

export async function create({ role, room, servers }) {
  const socket = await joinRoom(servers.signalling, room)
  const peers = new Map()

  /** One instance whose signals carry its number. */
  const start = (id, initiator, kind) => {
    const channelConfig = kind === 'datagrams' ? UNRELIABLE : {}
    const peer = new SimplePeer({ initiator, config: { iceServers: [] }, channelConfig })
    peers.set(id, peer)
    peer.on('signal', (signal) => socket.send(JSON.stringify({ id, kind, signal })))
    peer.on('close', () => peers.delete(id))
    // It is told of the other side's end as of a failure.
    peer.on('error', (error) => error.code === 'ERR_DATA_CHANNEL' || console.warn(error.code))
    return peer
  }
  const end = role === 'dialler' ? dialler(start) : callee(start, peers)
  socket.onmessage = ({ data }) => {
    const { id, kind, signal } = JSON.parse(data)
    const peer = peers.get(id) ?? (signal.type === 'offer' ? end.answer(id, kind) : undefined)
    peer?.signal(signal)
  }
  end.leave = () => {
    for (const peer of peers.values()) peer.destroy()
    socket.close()
  }
  return end
}

let lastId = 0

function dialler(start) {
  const open = (kind) => {
    lastId += 1
    const peer = start(lastId, true, kind)
    const arrivals = new Arrivals()
    peer.on('data', (data) => arrivals.arrived(data.length))
    const stream = {
      write: (chunk) => (peer.write(chunk) ? undefined : new Promise((resolve) => peer.once('drain', resolve))),
      finish: () => peer.write(LAST),
      read: (count) => arrivals.read(count),
      close: () => peer.destroy(),
    }
    return new Promise((resolve, reject) => {
      peer.on('connect', () => resolve(stream))
      peer.on('error', reject)
    })
  }
  const end = {
    hasStreams: false,
    async dial() {
      end.echo = await open('echo')
      const back = end.echo.read(1)
      end.echo.write(new Uint8Array(1))
      await back
    },
    hangUp: () => end.echo.close(),
    open,
    async datagrams() {
      const { write, close } = await open('datagrams')
      return { send: write, close }
    },
  }
  return end
}

function callee(start, peers) {
  const datagrams = new DatagramCount()
  return {
    datagrams,
    answer(id, kind) {
      const peer = start(id, false, kind)
      switch (kind) {
        case 'echo':
          peer.on('data', (data) => peer.write(data))
          break
        case 'datagrams':
          datagrams.start()
          peer.on('data', (data) => datagrams.arrived(data))
          break
        default:
          peer.on('data', (data) => areLast(data) && peer.write(new Uint8Array(1)))
      }
      return peer
    },
    async hungUp() {
      for (const peer of peers.values()) await new Promise((resolve) => peer.once('close', resolve))
    },
  }
}

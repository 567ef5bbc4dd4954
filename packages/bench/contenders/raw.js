/**
 * The limit: a bare RTCPeerConnection with ordered channels, made the shortest way (the dialler offers, trickles from the first
 * moment, and writes as soon as its channel is open).
 */
import { Arrivals, areLast, DatagramCount, LAST } from '/page/bytes.js'
import { camera, show } from '/page/call.js'
import { joinRoom } from '/page/signalling.js'

/** Bytes, for all channels. Above it a sender waits, until half of it. Chromium is fastest from 64 to 256 KiB and bimodal beyond. */
const BUFFERED_MAX = 256 * 1024

/** @param {{ bound?: { windowBytes: number, ackBytes: number } }} options what a sink's sender may have unacknowledged; no bound: no limit */
export async function create({ role, room, servers, bound }) {
  const socket = await joinRoom(servers.signalling, room)
  return role === 'dialler' ? dialler(socket, bound) : callee(socket)
}

function dialler(socket, bound) {
  let connection
  const end = {
    hasStreams: true,
    async dial() {
      // Those of a connection before this one, which may have failed.
      sinks = 0
      connection = new RTCPeerConnection()
      const channel = connection.createDataChannel('echo')
      trickle(connection, socket)
      await connection.setLocalDescription()
      socket.send(JSON.stringify({ description: connection.localDescription }))
      end.echo = await opened(channel)
      const back = end.echo.read(1)
      end.echo.write(new Uint8Array(1))
      await back
    },
    hangUp: () => connection.close(),
    leave() {
      connection?.close()
      socket.close()
    },
    open(kind) {
      const isBounded = kind === 'sink' && bound !== undefined
      const protocol = isBounded ? String(bound.ackBytes) : ''
      return opened(connection.createDataChannel(kind, { protocol }), isBounded ? new InFlight(bound) : undefined)
    },
    async datagrams() {
      const channel = connection.createDataChannel('datagrams', { ordered: false, maxRetransmits: 0 })
      const { write, close } = await opened(channel)
      return { send: write, close }
    },
    async call() {
      const { tracks, stop } = await camera()
      const stream = new MediaStream(tracks)
      const senders = tracks.map((track) => connection.addTrack(track, stream))
      await connection.setLocalDescription()
      socket.send(JSON.stringify({ description: connection.localDescription, isSameConnection: true }))
      await new Promise((resolve) => {
        connection.onsignalingstatechange = () => connection.signalingState === 'stable' && resolve()
      })
      end.endCall = () => {
        for (const sender of senders) connection.removeTrack(sender)
        stop()
      }
    },
  }
  return end
}

/** Open sinks, which share the bound. */
let sinks = 0

/** What was sent and not acknowledged: the other side says `ACK` for every `ackBytes` that came. */
class InFlight {
  #windowBytes
  #ackBytes
  #bytes = 0
  #wake

  constructor({ windowBytes, ackBytes }) {
    this.#windowBytes = windowBytes
    this.#ackBytes = ackBytes
  }

  acknowledged() {
    this.#bytes -= this.#ackBytes
    this.#wake?.()
  }

  /** So many bytes were sent; a promise where as many more have to wait. */
  sent(bytes) {
    this.#bytes += bytes
    const isFull = () => this.#bytes + bytes > this.#windowBytes
    if (!isFull()) return undefined
    return new Promise((resolve) => {
      this.#wake = () => isFull() || resolve()
    })
  }
}

const ACK = 'ack'

/** The channel as a stream, once it is open. */
function opened(channel, inFlight) {
  channel.binaryType = 'arraybuffer'
  const arrivals = new Arrivals()
  channel.onmessage = ({ data }) => {
    if (data === ACK) inFlight.acknowledged()
    else arrivals.arrived(data.byteLength)
  }
  const isSink = channel.label === 'sink'
  if (isSink) sinks += 1
  const stream = {
    write(chunk) {
      channel.send(chunk)
      const acknowledged = inFlight?.sent(chunk.byteLength)
      // One of many may hold a message: less could not keep a channel busy.
      const most = Math.max(chunk.byteLength, BUFFERED_MAX / Math.max(1, sinks))
      if (channel.bufferedAmount <= most) return acknowledged
      channel.bufferedAmountLowThreshold = most / 2
      const drained = new Promise((resolve) => {
        channel.onbufferedamountlow = resolve
      })
      return acknowledged === undefined ? drained : Promise.all([drained, acknowledged])
    },
    finish: () => channel.send(LAST),
    read: (bytes) => arrivals.read(bytes),
    close() {
      if (isSink) sinks -= 1
      channel.close()
    },
  }
  return new Promise((resolve) => {
    channel.onopen = () => resolve(stream)
  })
}

function callee(socket) {
  let connection
  const datagrams = new DatagramCount()
  socket.addEventListener('message', async ({ data }) => {
    const { description, isSameConnection } = JSON.parse(data)
    if (!description) return
    if (!isSameConnection) {
      connection?.close()
      connection = new RTCPeerConnection()
      connection.ondatachannel = ({ channel }) => serve(channel, datagrams)
      connection.ontrack = ({ streams: [stream], track }) => track.kind === 'video' && show(stream)
      trickle(connection, socket)
    }
    await connection.setRemoteDescription(description)
    await connection.setLocalDescription()
    socket.send(JSON.stringify({ description: connection.localDescription }))
  })
  return {
    datagrams,
    hungUp: async () => connection?.close(),
    leave() {
      connection?.close()
      socket.close()
    },
  }
}

function serve(channel, datagrams) {
  channel.binaryType = 'arraybuffer'
  switch (channel.label) {
    case 'echo':
      channel.onmessage = ({ data }) => channel.send(data)
      break
    case 'datagrams':
      datagrams.start()
      channel.onmessage = ({ data }) => datagrams.arrived(new Uint8Array(data))
      break
    default: {
      const ackBytes = channel.protocol === '' ? Number.POSITIVE_INFINITY : Number(channel.protocol)
      let unacknowledgedBytes = 0
      channel.onmessage = ({ data }) => {
        if (areLast(new Uint8Array(data))) return channel.send(new Uint8Array(1))
        unacknowledgedBytes += data.byteLength
        for (; unacknowledgedBytes >= ackBytes; unacknowledgedBytes -= ackBytes) channel.send(ACK)
      }
    }
  }
}

/** Candidates both ways as they come; and, for the dialler, the answer. Sockets and connections keep the order of things. */
function trickle(connection, socket) {
  connection.onicecandidate = ({ candidate }) => {
    if (candidate) socket.send(JSON.stringify({ candidate }))
  }
  const onMessage = ({ data }) => {
    if (connection.signalingState === 'closed') return socket.removeEventListener('message', onMessage)
    const { candidate, description } = JSON.parse(data)
    if (description?.type === 'answer') connection.setRemoteDescription(description)
    if (candidate) connection.addIceCandidate(candidate)
  }
  socket.addEventListener('message', onMessage)
}

/**
 * The limit: a bare RTCPeerConnection with ordered channels, made the shortest way (the dialler offers, trickles from the first
 * moment, and writes as soon as its channel is open).
 */
import { Arrivals, DatagramCount } from '/page/bytes.js'
import { joinRoom } from '/page/signalling.js'

/** Bytes, for all channels. Above it a sender waits, until half of it. Chromium is fastest from 64 to 256 KiB and bimodal beyond. */
const BUFFERED_MAX = 256 * 1024
/** Bytes, for one of many channels: a message. Less could not keep a channel busy. */
const BUFFERED_LEAST = 64 * 1024

export async function create({ role, room, servers }) {
  const socket = await joinRoom(servers.signalling, room)
  return role === 'dialler' ? dialler(socket) : callee(socket)
}

function dialler(socket) {
  let connection
  const end = {
    hasStreams: true,
    async dial() {
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
    open: (kind, bytes) => opened(connection.createDataChannel(kind, { protocol: String(bytes ?? '') })),
    async datagrams() {
      const channel = connection.createDataChannel('datagrams', { ordered: false, maxRetransmits: 0 })
      const { write, close } = await opened(channel)
      return { send: write, close }
    },
  }
  return end
}

/** Open sinks, which share the bound. */
let sinks = 0

/** The channel as a stream, once it is open. */
function opened(channel) {
  channel.binaryType = 'arraybuffer'
  const arrivals = new Arrivals()
  channel.onmessage = ({ data }) => arrivals.arrived(data.byteLength)
  const isSink = channel.label === 'sink'
  if (isSink) sinks += 1
  const stream = {
    write(chunk) {
      channel.send(chunk)
      const most = Math.max(BUFFERED_LEAST, BUFFERED_MAX / Math.max(1, sinks))
      if (channel.bufferedAmount <= most) return undefined
      channel.bufferedAmountLowThreshold = most / 2
      return new Promise((resolve) => {
        channel.onbufferedamountlow = resolve
      })
    },
    finish: () => undefined,
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
    const { description } = JSON.parse(data)
    if (!description) return
    connection?.close()
    connection = new RTCPeerConnection()
    connection.ondatachannel = ({ channel }) => serve(channel, datagrams)
    trickle(connection, socket)
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
      channel.onmessage = () => datagrams.arrived()
      break
    default: {
      const arrivals = new Arrivals()
      channel.onmessage = ({ data }) => arrivals.arrived(data.byteLength)
      arrivals.read(Number(channel.protocol)).then(() => channel.send(new Uint8Array(1)))
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

/**
 * The limit: a bare RTCPeerConnection with one ordered channel, made the shortest way (the dialler offers, trickles from the first
 * moment, and writes as soon as its channel is open).
 */
import { readBytes } from './bytes.js'

/** Bytes. Above the first the sender waits, until the second. Chromium is fastest from 64 to 256 KiB and bimodal beyond. */
const BUFFERED_MAX = 256 * 1024
const BUFFERED_LOW = 128 * 1024

/** @param {{ role: 'dialler' | 'callee', signalling: string }} options */
export async function createRaw({ role, signalling }) {
  const socket = new WebSocket(signalling)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error(`no signalling server at ${signalling}`))
  })
  return role === 'dialler' ? dialler(socket) : callee(socket)
}

function dialler(socket) {
  let connection
  let channel

  const dial = async () => {
    connection = new RTCPeerConnection()
    channel = connection.createDataChannel('echo')
    channel.binaryType = 'arraybuffer'
    const opened = new Promise((resolve) => {
      channel.onopen = resolve
    })
    trickle(connection, socket)
    await connection.setLocalDescription()
    socket.send(JSON.stringify({ description: connection.localDescription }))
    await opened
    await echo(channel, new Uint8Array(1))
  }

  return {
    dial,
    hangUp: () => connection.close(),

    /** One message there and back, on the channel that is open. */
    ping: (bytes) => echo(channel, new Uint8Array(bytes)),

    /** A new channel, and one byte there and back on it. */
    async open() {
      const fresh = connection.createDataChannel('echo')
      fresh.binaryType = 'arraybuffer'
      await new Promise((resolve) => {
        fresh.onopen = resolve
      })
      await echo(fresh, new Uint8Array(1))
      fresh.close()
    },

    /** So many bytes in messages of `messageBytes` on one channel, until the other side says that it has them all. */
    async bulk(bytes, messageBytes) {
      const bulk = connection.createDataChannel('sink', { protocol: String(bytes) })
      bulk.binaryType = 'arraybuffer'
      bulk.bufferedAmountLowThreshold = BUFFERED_LOW
      await new Promise((resolve) => {
        bulk.onopen = resolve
      })
      const message = new Uint8Array(messageBytes)
      const startedAt = performance.now()
      const received = readBytes(bulk, 1)
      for (let sent = 0; sent < bytes; sent += messageBytes) {
        if (bulk.bufferedAmount > BUFFERED_MAX) {
          await new Promise((resolve) => {
            bulk.onbufferedamountlow = resolve
          })
        }
        bulk.send(message)
      }
      await received
      const elapsedMs = performance.now() - startedAt
      bulk.close()
      return elapsedMs
    },
  }
}

function callee(socket) {
  let connection
  socket.addEventListener('message', async ({ data }) => {
    const { description } = JSON.parse(data)
    if (!description) return
    connection?.close()
    connection = new RTCPeerConnection()
    connection.ondatachannel = ({ channel }) => serve(channel)
    trickle(connection, socket)
    await connection.setRemoteDescription(description)
    await connection.setLocalDescription()
    socket.send(JSON.stringify({ description: connection.localDescription }))
  })
  return { hungUp: async () => connection?.close() }
}

function serve(channel) {
  channel.binaryType = 'arraybuffer'
  if (channel.label === 'echo') {
    channel.onmessage = ({ data }) => channel.send(data)
    return
  }
  readBytes(channel, Number(channel.protocol)).then(() => channel.send(new Uint8Array(1)))
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

function echo(channel, message) {
  const back = readBytes(channel, message.length)
  channel.send(message)
  return back
}

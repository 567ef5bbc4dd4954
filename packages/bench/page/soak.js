// What a soak runs in its two pages, through the public API alone.
import { createPeer } from '/sdk/kith/index.js'

const ECHO = '/soak/echo'
const FILE = '/soak/file'
const MIB = 1024 * 1024
const CHUNK_BYTES = 64 * 1024

/** Both know each other, and are bound at the relay, once `meet` has resolved. */
export async function create({ role, relay }) {
  const peer = await createPeer({ relays: [relay], storage: 'memory', local: false, iceServers: [] })
  const end = {
    id: peer.id,
    async meet(id) {
      await peer.contacts.add({ id, name: 'soak', relays: [relay] })
      if (peer.status.relays.some(({ state }) => state === 'ready')) return
      await new Promise((resolve) =>
        peer.on('status', ({ relays }) => relays.some(({ state }) => state === 'ready') && resolve()),
      )
    },
    async openStreams() {
      const connection = peer.connections.values().next().value
      return (await connection.getStats()).streams
    },
  }
  return Object.assign(end, role === 'dialler' ? dialler(peer) : callee(peer))
}

function dialler(peer) {
  const remote = () => [...peer.contacts][0]
  let bytesSent = 0
  return {
    connect: () => peer.connect(remote()),

    /** Opens as many, has all of them carry bytes both ways while all are open, and only then ends them. */
    async atOnce({ count, whileOpen }) {
      const streams = await Promise.all(
        Array.from({ length: count }, async (_, index) => new Echo(await peer.open(remote(), ECHO), index)),
      )
      await Promise.all(streams.map((stream) => stream.roundTrip(100)))
      const open = await whileOpen()
      await Promise.all(streams.map((stream) => stream.roundTrip(4096)))
      await Promise.all(streams.map((stream) => stream.end()))
      return open
    },

    /** Each is open, written, echoed and over in both halves before the next is opened; ms. */
    async inSequence({ count }) {
      const startedAt = performance.now()
      for (let index = 0; index < count; index++) {
        const stream = new Echo(await peer.open(remote(), ECHO), index)
        await stream.roundTrip(100)
        await stream.end()
      }
      return performance.now() - startedAt
    },

    /** One stream; the digest of what was sent, that of what the callee received, and ms. */
    async send({ mib }) {
      const startedAt = performance.now()
      bytesSent = 0
      const stream = await peer.open(remote(), FILE)
      const answer = new Response(stream.readable).text()
      const writer = stream.writable.getWriter()
      const digest = new ChainedDigest()
      const noise = new Uint8Array(MIB)
      for (let at = 0; at < MIB; at += CHUNK_BYTES) crypto.getRandomValues(noise.subarray(at, at + CHUNK_BYTES))
      for (let part = 0; part < mib; part++) {
        // No two of them are alike: one that was lost, repeated or moved would show.
        new DataView(noise.buffer).setUint32(0, part)
        const whole = noise.slice()
        for (let at = 0; at < MIB; at += CHUNK_BYTES) {
          const chunk = whole.subarray(at, at + CHUNK_BYTES)
          await writer.ready
          writer.write(chunk)
          await digest.add(chunk)
          bytesSent += chunk.length
        }
      }
      await writer.close()
      const received = await answer
      await stream.closed
      return { sent: await digest.end(), received, elapsedMs: performance.now() - startedAt }
    },
    bytesSent: () => bytesSent,
  }
}

function callee(peer) {
  peer.handle(ECHO, (stream) => stream.readable.pipeTo(stream.writable))
  peer.handle(FILE, async (stream) => {
    const digest = new ChainedDigest()
    const reader = stream.readable.getReader()
    for (let read = await reader.read(); !read.done; read = await reader.read()) await digest.add(read.value)
    const writer = stream.writable.getWriter()
    writer.write(new TextEncoder().encode(await digest.end()))
    await writer.close()
  })
  return {}
}

/** A stream whose other end says what it hears. */
class Echo {
  #stream
  #index
  #reader
  #writer

  constructor(stream, index) {
    this.#stream = stream
    this.#index = index
    this.#reader = stream.readable.getReader()
    this.#writer = stream.writable.getWriter()
  }

  async roundTrip(bytes) {
    const message = new Uint8Array(bytes).fill(this.#index % 251)
    this.#writer.write(message)
    for (let received = 0; received < bytes; ) {
      const { value } = await this.#reader.read()
      if (!value.every((byte) => byte === this.#index % 251)) throw new Error('the bytes of another stream')
      received += value.length
    }
  }

  /** Both halves, each having all that was said. */
  async end() {
    await this.#writer.close()
    if (!(await this.#reader.read()).done) throw new Error('more came back than was sent')
    await this.#stream.closed
  }
}

/**
 * SHA-256 over what comes, without keeping it, however it is cut: the browser digests only what it has whole, so each MiB is
 * digested together with the digest of all before it.
 */
class ChainedDigest {
  #block = new Uint8Array(32 + MIB)
  #length = 32

  async add(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#block.length - this.#length)
      this.#block.set(part, this.#length)
      this.#length += part.length
      at += part.length
      if (this.#length === this.#block.length) await this.#fold()
    }
  }

  async end() {
    await this.#fold()
    return [...this.#block.subarray(0, 32)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  async #fold() {
    const digest = await crypto.subtle.digest('SHA-256', this.#block.subarray(0, this.#length))
    this.#block.set(new Uint8Array(digest))
    this.#length = 32
  }
}

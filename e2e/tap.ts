/**
 * Sits on the wire between browsers and the relay, passes every byte on, and keeps a copy: what an operator could log.
 *
 * It works on TCP, not on WebSockets, so that nothing escapes it: request lines, headers and cookies are seen as well. The frames
 * are then taken out of the copied bytes (RFC 6455 §5.2).
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface TappedFrame {
  readonly direction: 'to-relay' | 'from-relay'
  readonly bytes: Buffer
}

interface Wire {
  readonly toRelay: Buffer[]
  readonly fromRelay: Buffer[]
}

export class Tap {
  readonly #wires: Wire[] = []
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(relayPort: number) {
    this.#server = createServer((client) => {
      const relay = connect(relayPort, 'localhost')
      const wire: Wire = { toRelay: [], fromRelay: [] }
      this.#wires.push(wire)
      client.on('data', (bytes) => wire.toRelay.push(Buffer.from(bytes)))
      relay.on('data', (bytes) => wire.fromRelay.push(Buffer.from(bytes)))
      client.pipe(relay).pipe(client)
      for (const [socket, other] of [
        [client, relay],
        [relay, client],
      ] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    this.#server.listen(0, 'localhost')
    await once(this.#server, 'listening')
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  /** All that browsers sent, and all that the relay sent over WebSockets (what else it sent is the page itself). */
  bytes(): Buffer {
    return Buffer.concat(
      this.#wires.flatMap((wire) => {
        const { upgraded, payloads } = split(Buffer.concat(wire.toRelay))
        const sent = [Buffer.concat(wire.toRelay), ...payloads]
        return upgraded ? [...sent, Buffer.concat(wire.fromRelay)] : sent
      }),
    )
  }

  /** Every WebSocket message so far, unmasked, in the order of each direction. */
  frames(): TappedFrame[] {
    return this.#wires.flatMap((wire) => {
      const sent = split(Buffer.concat(wire.toRelay))
      if (!sent.upgraded) return []
      const received = split(Buffer.concat(wire.fromRelay))
      return [
        ...sent.payloads.map((bytes): TappedFrame => ({ direction: 'to-relay', bytes })),
        ...received.payloads.map((bytes): TappedFrame => ({ direction: 'from-relay', bytes })),
      ]
    })
  }
}

/** One direction of one connection: whether it became a WebSocket, and the messages on it. */
function split(bytes: Buffer): { upgraded: boolean; payloads: Buffer[] } {
  const end = bytes.indexOf('\r\n\r\n')
  const head = bytes.subarray(0, Math.max(0, end)).toString('latin1')
  if (end < 0 || !/^upgrade: *websocket/im.test(head)) return { upgraded: false, payloads: [] }
  return { upgraded: true, payloads: [...messages(bytes.subarray(end + 4))] }
}

function* messages(bytes: Buffer): Generator<Buffer> {
  let parts: Buffer[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const first = bytes.readUInt8(at)
    const second = bytes.readUInt8(at + 1)
    if ((first & 0x70) !== 0) throw new Error('an extension is in use, though the relay offers none')
    let start = at + 2
    let length = second & 0x7f
    if (length === 126) {
      length = bytes.readUInt16BE(start)
      start += 2
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(start))
      start += 8
    }
    const masked = (second & 0x80) !== 0
    const mask = masked ? bytes.subarray(start, start + 4) : undefined
    if (masked) start += 4
    // The rest is still on its way.
    if (start + length > bytes.length) return
    const payload = Buffer.from(bytes.subarray(start, start + length))
    if (mask) for (let i = 0; i < length; i++) payload[i] = payload[i]! ^ mask[i % 4]!
    at = start + length
    const opcode = first & 0x0f
    // Pings, pongs and closes of the WebSocket itself may come between the parts of a message.
    if (opcode >= 8) continue
    parts.push(payload)
    if ((first & 0x80) === 0) continue
    yield Buffer.concat(parts)
    parts = []
  }
}

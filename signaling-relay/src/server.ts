/**
 * The driver around `RelayMachine`: HTTP, WebSockets, one timer. It decides nothing about addresses and envelopes.
 *
 * Any page may connect, whatever its Origin header says: there are no cookies to ride on, and an address is bound only by
 * proving its key, so a hostile page gains nothing that its author could not do from a terminal.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import {
  type Bytes,
  KithError,
  RELAY_FRAME_MAX_BYTES,
  RELAY_LIMITS,
  type RelayInput,
  type RelayLimits,
  RelayMachine,
  type RelayOutput,
  type SocketId,
} from '@kith/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import { Admission } from './admission.ts'
import { Connection } from './connection.ts'
import { lastHop } from './forwarded.ts'
import type { DriverCounters } from './health.ts'
import { impliedOrigins } from './implied-origins.ts'
import { PacedLog } from './paced-log.ts'
import { Pages, pathOf, RELAY_PATH } from './pages.ts'
import { prefixOf, siteOf } from './prefix.ts'
import { StaticFiles } from './static-files.ts'
import { Verifier } from './verifier.ts'

export interface RelayOptions {
  /** 0 for any that is free. */
  port: number
  /** The interface to listen on. Default: all of them. */
  host?: string
  /** Public origins of this relay ('wss://relay.example'); binds must be signed for one. Default: what the client's
   *  Host header says, if that is loopback or a private network: see implied-origins.ts. */
  origins?: readonly string[]
  /** A folder with a built page to serve at '/'. */
  static?: string
  limits?: Partial<RelayLimits>
  /** Take the client's address from X-Forwarded-For: only behind a proxy that sets it, or quotas mean nothing. Default false. */
  trustProxy?: boolean
  /** Gets a line for what an operator may want to know; it never holds an IP address or an address. Default: nothing. */
  log?: (line: string) => void
}

export interface Relay {
  readonly port: number
  /** 'ws://localhost:8787/relay' */
  readonly url: string
  /** Announces the restart to every client and closes all sockets; resolves within two seconds. */
  close(): Promise<void>
}

/** Sent to clients at shutdown: when to reconnect (they add jitter), and for how long to retry eagerly. */
const RECONNECT_IN_MS = 1000
const TRY_FOR_MS = 60_000

/** For the goodbyes, the clients' part of the closing handshake, and responses under way. Beyond: cut off. `close` promises two seconds:
 *  the rest is for the system, which closes what is left when the process ends, and for a busy machine. */
const CLOSE_MS = 700

/** How long the shutdown works on its sockets before it yields to the event loop: while it sends goodbyes, before it reads the answers,
 *  and while it ends what is left. */
const TELL_MS = 500
const TERMINATE_MS = 20

/** What the operator of a relay without `origins` must know. */
export const NO_ORIGINS =
  'Without --origin only clients that dial localhost or a private network are taken. For a public host: --origin wss://HOST'

/** Logged once: an attacker can cause it. */
const OTHER_ORIGIN =
  'The first signature of a client does not hold. It probably dialled another origin than --origin names, or than its Host header says.'

/** Resolves once the relay listens. Errors: 'invalid-argument' (an origin, a limit); else the system's (port in use, no such folder). */
export async function createRelay(options: RelayOptions): Promise<Relay> {
  const limits: RelayLimits = { ...RELAY_LIMITS, ...options.limits }
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isFinite(value) || value < 0)
      throw new KithError('invalid-argument', `The limit ${name} must be a number from 0.`)
  }
  const origins = options.origins?.map(parseOrigin)
  const files = options.static === undefined ? undefined : await StaticFiles.in(options.static)
  const server = new RelayServer(limits, origins?.length ? origins : undefined, files, options)
  await server.listen(options.port, options.host)
  return { port: server.port, url: `ws://localhost:${server.port}${RELAY_PATH}`, close: () => server.close() }
}

class RelayServer {
  readonly #limits: RelayLimits
  readonly #origins: readonly string[] | undefined
  readonly #pages: Pages
  readonly #trustProxy: boolean
  readonly #log: (line: string) => void
  readonly #pacedLog: PacedLog
  readonly #machine: RelayMachine
  readonly #verifier: Verifier
  readonly #connections = new Map<SocketId, Connection>()
  readonly #counters: DriverCounters = { droppedSlowReceiver: 0, closedStalled: 0, refusedConnections: 0, closedForOthers: 0 }
  readonly #admission: Admission
  /** Lines that are logged only once: a client could fill the log with them. */
  readonly #said = new Set<string>()
  readonly #http: Server
  readonly #webSockets: WebSocketServer
  #nextSocket: SocketId = 1
  #timer: NodeJS.Timeout | undefined
  #timerAt: number | undefined
  #closing: Promise<void> | undefined

  constructor(
    limits: RelayLimits,
    origins: readonly string[] | undefined,
    files: StaticFiles | undefined,
    options: RelayOptions,
  ) {
    this.#limits = limits
    this.#origins = origins
    this.#trustProxy = options.trustProxy ?? false
    this.#log = options.log ?? (() => {})
    this.#pacedLog = new PacedLog(this.#log)
    this.#machine = new RelayMachine({ limits, random: (length) => new Uint8Array(randomBytes(length)) as Bytes })
    this.#pages = new Pages({ files, machine: this.#machine, counters: this.#counters, log: this.#pacedLog })
    this.#verifier = new Verifier((id, ok, dialled) => {
      if (!ok && !dialled) this.#sayOnce(OTHER_ORIGIN)
      this.#feed({ type: 'verified', id, ok })
    })
    this.#http = createServer(
      {
        // Slow loris: a client whose request is not complete by then is cut off.
        headersTimeout: limits.handshakeMs,
        requestTimeout: limits.handshakeMs,
        connectionsCheckingInterval: Math.max(100, Math.min(1000, limits.handshakeMs / 4)),
        keepAliveTimeout: 5000,
      },
      (request, response) => {
        if (this.#admission.asked(request.socket, response, prefixOf(this.#clientAddress(request))))
          this.#pages.answer(request, response)
        else this.#pages.tooMany(response)
      },
    )
    this.#http.timeout = limits.stalledResponseMs
    this.#admission = new Admission(limits, {
      refused: () => {
        this.#counters.refusedConnections += 1
      },
      gaveWay: () => {
        this.#counters.closedForOthers += 1
      },
    })
    // The last resort, for WebSockets that were refused and are not closed yet: Admission counts everything else.
    this.#http.maxConnections = limits.sockets + 2 * limits.connections
    this.#http.on('connection', (socket) => {
      this.#admission.accepted(socket, prefixOf(socket.remoteAddress ?? ''), this.#trustProxy)
    })
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: RELAY_FRAME_MAX_BYTES,
      perMessageDeflate: false,
      autoPong: false,
      clientTracking: false,
    })
  }

  get port(): number {
    const address = this.#http.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  listen(port: number, host: string | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject)
      this.#http.listen(port, host, () => {
        this.#http.off('error', reject)
        this.#http.on('error', (error) => this.#pacedLog.say(`http: ${error.message}`))
        resolve()
      })
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#http.close(() => resolve()))
    clearTimeout(this.#timer)
    this.#verifier.stop()
    this.#pacedLog.close()
    this.#log(`restarting: ${this.#machine.sockets} sockets to close`)
    this.#machine.handle({ type: 'shutdown', reconnectInMs: RECONNECT_IN_MS, tryForMs: TRY_FOR_MS }, performance.now())
    this.#http.closeIdleConnections()
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, CLOSE_MS)
      void Promise.all([this.#tellAll(), gone]).then(() => {
        clearTimeout(late)
        resolve()
      })
    })
    // Not waited for: a process that ends now need not end each of its connections before.
    void this.#terminateAll()
  }

  async #tellAll(): Promise<void> {
    await inSlices(() => {
      const output = this.#machine.poll()
      if (output?.type === 'send') this.#connections.get(output.socket)?.beforeClose()
      if (output !== undefined) this.#carryOut(output)
      return output !== undefined
    }, TELL_MS)
  }

  async #terminateAll(): Promise<void> {
    // A frame still in the queue would go to a socket that is closed by then.
    const left = this.#connections.values()
    await inSlices(() => {
      const { value, done } = left.next()
      value?.terminate()
      return !done
    }, TERMINATE_MS)
    this.#http.closeAllConnections()
  }

  // ── sockets ────────────────────────────────────────────────────────────────────────────────

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until ws takes over, a reset connection would otherwise be an unhandled 'error'.
    socket.on('error', () => socket.destroy())
    if (this.#closing !== undefined) {
      refuse(socket, 503)
      return
    }
    if (pathOf(request) !== RELAY_PATH) {
      refuse(socket, 404)
      return
    }
    const origins = this.#origins ?? impliedOrigins(request.headers.host)
    if (origins === 'malformed') {
      refuse(socket, 400)
      return
    }
    if (origins === 'public') {
      this.#sayOnce(`A client dialled a public host and was refused. ${NO_ORIGINS}`)
      refuse(socket, 421)
      return
    }
    if (!this.#trustProxy && request.headers['x-forwarded-for'] !== undefined) {
      this.#sayOnce(
        'Requests come with X-Forwarded-For. If a proxy of yours sets it: --trust-proxy, or all clients share the limits of one.',
      )
    }
    this.#admission.upgraded(socket)
    const prefix = prefixOf(this.#clientAddress(request))
    this.#webSockets.handleUpgrade(request, socket, head, (ws) => this.#opened(ws, socket, prefix, origins))
  }

  #clientAddress(request: IncomingMessage): string {
    const forwarded = this.#trustProxy ? request.headers['x-forwarded-for'] : undefined
    return lastHop(Array.isArray(forwarded) ? forwarded.join() : forwarded) ?? request.socket.remoteAddress ?? ''
  }

  #sayOnce(line: string): void {
    if (this.#said.has(line)) return
    this.#said.add(line)
    this.#log(line)
  }

  #opened(ws: WebSocket, socket: Duplex, prefix: string, origins: readonly string[]): void {
    const id = this.#nextSocket++
    const connection = new Connection(ws, socket, this.#limits, {
      dropped: () => {
        this.#counters.droppedSlowReceiver += 1
      },
      stalled: () => {
        this.#counters.closedStalled += 1
      },
    })
    this.#connections.set(id, connection)
    const control = () => {
      if (ws.readyState === ws.OPEN) this.#feed({ type: 'control', socket: id })
      else ws.pause()
    }
    ws.binaryType = 'nodebuffer'
    ws.on('message', (data, isBinary) => {
      // A client that was sent a goodbye and goes on sending is not read any more.
      if (ws.readyState !== ws.OPEN) ws.pause()
      // With 'nodebuffer' every message is one Buffer; text is no frame of ours.
      if (isBinary && Buffer.isBuffer(data)) this.#feed({ type: 'received', socket: id, frame: data })
      else this.#feed({ type: 'malformed', socket: id })
    })
    // Answered here, so that a flood of pings cannot fill our memory with pongs that are never read.
    ws.on('ping', (data) => {
      if (ws.readyState === ws.OPEN && ws.bufferedAmount === 0) ws.pong(data)
      control()
    })
    ws.on('pong', () => control())
    // Beyond maxPayload or no WebSocket frame at all: ws is closing it already (1009, 1002).
    ws.on('error', () => this.#feed({ type: 'malformed', socket: id }))
    ws.on('close', () => {
      connection.dispose()
      this.#connections.delete(id)
      this.#feed({ type: 'closed', socket: id })
    })
    this.#feed({ type: 'opened', socket: id, prefix, site: siteOf(prefix), origins, time: Date.now() })
  }

  // ── the loop ───────────────────────────────────────────────────────────────────────────────

  #feed(input: RelayInput): void {
    this.#machine.handle(input, performance.now())
    if (this.#closing !== undefined) return // what there is to say goes out by and by: see #tellAll
    for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll()) this.#carryOut(output)
    this.#arm()
  }

  #carryOut(output: RelayOutput): void {
    switch (output.type) {
      case 'send':
        this.#connections.get(output.socket)?.send(output.frame, output.envelope)
        return
      case 'close':
        // Not of each at the end: standard error is written at once, and ten thousand lines take their time.
        if (output.reason !== 'restarting')
          this.#pacedLog.say(`closed: ${output.reason}`, `socket ${output.socket} closed: ${output.reason}`)
        this.#connections.get(output.socket)?.close(output.reason)
        return
      case 'verify':
        this.#verifier.verify(output)
        return
      case 'forget':
        this.#verifier.forget(output)
        return
    }
  }

  #arm(): void {
    const deadline = this.#machine.deadline()
    if (deadline === this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = deadline
    if (deadline === undefined) return
    const tick = () => {
      this.#timerAt = undefined
      this.#feed({ type: 'tick' })
    }
    this.#timer = setTimeout(tick, Math.max(0, Math.ceil(deadline - performance.now())))
  }
}

/** Calls `step` until it returns false, and yields to the event loop in between. */
async function inSlices(step: () => boolean, sliceMs: number): Promise<void> {
  for (;;) {
    const endsAt = performance.now() + sliceMs
    while (performance.now() < endsAt) if (!step()) return
    await setImmediate()
  }
}

function refuse(socket: Duplex, status: number): void {
  // The HTTP server does not track it any more: a client that never ends its half would keep it open.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** RFC 6454 form of a WebSocket origin. Throws 'invalid-argument'. */
function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) {
    throw new KithError('invalid-argument', `Not a WebSocket origin like wss://relay.example: ${text}`)
  }
  return url.origin
}

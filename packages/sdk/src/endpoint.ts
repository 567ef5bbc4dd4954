/** The six verbs: three that open a conversation, three that serve one. They check their arguments, and leave reaching people to the owner. */
import type { ProtocolName } from '@kith/protocol'
import type { Datagrams, DialOptions, Media, OpenOptions, Protocols, Stop, Stream, Who } from './api.ts'
import type { ConnectRequest } from './connection/attempts.ts'
import type { LiveConnection } from './connection/connection.ts'
import { prefetchCalls } from './connection/media/late-calls.ts'
import { type Handler, parseProtocols, type Serving } from './connection/serving.ts'
import { parseTimeout } from './peer-options.ts'
import { now } from './runtime/driver.ts'
import { checkOptions } from './runtime/option-names.ts'

/** As long as a phone rings. */
const RING_TIMEOUT_MS = 60_000

export interface EndpointOptions {
  readonly serving: Serving
  readonly connect: (to: Who, request: ConnectRequest) => Promise<LiveConnection>
  /** A conversation was opened over it. */
  readonly used: (connection: LiveConnection) => void
  /** Errors: 'closed'. */
  readonly checkOpen: () => void
}

export class Endpoint {
  readonly #options: EndpointOptions

  constructor(options: EndpointOptions) {
    this.#options = options
  }

  handle(protocols: Protocols, handler: Handler<'stream'>, options: object = {}): Stop {
    this.check('handle', options)
    return this.#options.serving.add({ kind: 'stream', handler }, protocols)
  }

  handleDatagrams(protocols: Protocols, handler: Handler<'datagrams'>, options: object = {}): Stop {
    this.check('handleDatagrams', options)
    return this.#options.serving.add({ kind: 'datagrams', handler }, protocols)
  }

  handleMedia(protocols: Protocols, handler: Handler<'media'>, options: object = {}): Stop {
    this.check('handleMedia', options)
    prefetchCalls()
    return this.#options.serving.add({ kind: 'media', handler }, protocols)
  }

  async open(to: Who, protocols: Protocols, options: OpenOptions = {}): Promise<Stream> {
    this.check('open', options)
    const names = parseProtocols(protocols)
    const until = now() + parseTimeout(options)
    const connection = await this.connect(to, names, options)
    const stream = await connection.open(names, { ...options, timeoutMs: until - now() })
    this.#options.used(connection)
    return stream
  }

  async openDatagrams(to: Who, protocols: Protocols, options: OpenOptions = {}): Promise<Datagrams> {
    this.check('openDatagrams', options)
    const names = parseProtocols(protocols)
    const until = now() + parseTimeout(options)
    const connection = await this.connect(to, names, options)
    const flow = await connection.openDatagrams(names, { ...options, timeoutMs: until - now() })
    this.#options.used(connection)
    return flow
  }

  async openMedia(to: Who, protocols: Protocols, options: OpenOptions = {}): Promise<Media> {
    this.check('openMedia', options)
    const names = parseProtocols(protocols)
    const until = now() + (options.timeoutMs ?? RING_TIMEOUT_MS)
    const connection = await this.connect(to, names, options)
    this.#options.used(connection)
    return connection.openMedia(names, { ...options, timeoutMs: until - now() })
  }

  async connect(to: Who, protocols: readonly ProtocolName[], options: DialOptions): Promise<LiveConnection> {
    const { signal, disclose } = options
    return this.#options.connect(to, { protocols, timeoutMs: parseTimeout(options), signal, disclose })
  }

  /** Errors: 'closed', 'invalid-argument' for an option that the verb does not know. */
  check(verb: Parameters<typeof checkOptions>[0], options: object): void {
    this.#options.checkOpen()
    checkOptions(verb, options)
  }
}

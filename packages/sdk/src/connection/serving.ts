/** What I serve: a handler for each ProtocolName, each for one kind of conversation. */
import { isProtocolName, KithError, PROTOCOLS_MAX, type ProtocolName, parseProtocolName, type StreamKind } from '@kith/protocol'
import type { Datagrams, IncomingMedia, Protocols, Stop, Stream } from '../api.ts'
import { makeStop } from '../runtime/events.ts'
import { spelled } from '../runtime/option-names.ts'
import type { LinkStream } from '../session/link.ts'
import type { LiveConnection } from './connection.ts'
import { datagrams } from './datagrams.ts'

/** What each kind of handler is handed. */
export interface Served {
  stream: Stream
  datagrams: Datagrams
  media: IncomingMedia
}
export type Handler<Kind extends keyof Served> = (conversation: Served[Kind]) => unknown

type Entry = { [Kind in keyof Served]: { readonly kind: Kind; readonly handler: Handler<Kind> } }[keyof Served]

export class Serving {
  readonly #entries = new Map<ProtocolName, Entry>()
  readonly #onChange: () => void

  /** @param onChange other names are served now. */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get names(): ProtocolName[] {
    return [...this.#entries.keys()]
  }

  /**
   * What is called with a stream that the remote opens. Undefined where the name is not served, or is that of another kind of
   * conversation.
   * @param over the connection that the stream belongs to, which may be about to be made; undefined where that fails
   */
  handlerFor(
    { kind, protocol }: { readonly kind: StreamKind; readonly protocol: ProtocolName },
    over: () => LiveConnection | undefined | Promise<LiveConnection | undefined>,
    used: (connection: LiveConnection) => void,
  ): ((stream: LinkStream) => unknown) | undefined {
    const entry = this.#entries.get(protocol)
    if (entry?.kind !== kind) return undefined
    const serve = (stream: LinkStream, connection: LiveConnection | undefined) => {
      // The link has ended, and with it the stream: the opener knows.
      if (!connection) return stream.reset()
      used(connection)
      switch (entry.kind) {
        case 'stream':
          return entry.handler(connection.wrap(stream))
        case 'datagrams':
          return entry.handler(datagrams(stream, connection))
        case 'media':
          return connection.ring(stream).then(entry.handler)
      }
    }
    return (stream) => {
      const made = over()
      return made instanceof Promise ? made.then((connection) => serve(stream, connection)) : serve(stream, made)
    }
  }

  /** All of the names, or none. Errors: 'invalid-protocol' 'invalid-argument'. */
  add(entry: Entry, protocols: Protocols): Stop {
    const names = parseProtocols(protocols)
    if (typeof entry.handler !== 'function')
      throw new KithError('invalid-argument', 'The handler must be a function: handle(protocols, handler).')
    const taken = names.find((name) => this.#entries.has(name))
    if (taken)
      throw new KithError('invalid-argument', `${taken} is served already: call what handle returned, then serve it anew.`)
    if (this.#entries.size + names.length > PROTOCOLS_MAX) {
      throw new KithError('invalid-argument', `${PROTOCOLS_MAX} protocols can be served at most.`)
    }
    for (const name of names) this.#entries.set(name, entry)
    this.#onChange()
    return makeStop(() => {
      for (const name of names) this.#entries.delete(name)
      this.#onChange()
    })
  }
}

/** Each once, in order. Errors: 'invalid-protocol', 'invalid-argument' for none or too many. */
export function parseProtocols(protocols: Protocols): readonly ProtocolName[] {
  const list: unknown = typeof protocols === 'string' ? [protocols] : protocols
  if (!Array.isArray(list))
    throw new KithError(
      'invalid-argument',
      `Protocols must be one name or a list of names like '/chat/v1', not ${spelled(list)}.`,
    )
  const names: ProtocolName[] = [...new Set(list)]
  for (const name of names) if (!isProtocolName(name)) parseProtocolName(name)
  if (names.length === 0 || names.length > PROTOCOLS_MAX) {
    throw new KithError('invalid-argument', `1 to ${PROTOCOLS_MAX} protocol names are needed, and these are ${names.length}.`)
  }
  return names
}

/** What I serve: a handler for each ProtocolName. */
import { isProtocolName, KithError, PROTOCOLS_MAX, type ProtocolName, parseProtocolName } from '@kith/protocol'
import type { Protocols, Stream } from './api.ts'
import { makeStop, type Stop } from './events.ts'

export type Handler = (stream: Stream) => unknown

export class Serving {
  readonly #handlers = new Map<ProtocolName, Handler>()
  readonly #onChange: () => void

  /** @param onChange other names are served now. */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get names(): ProtocolName[] {
    return [...this.#handlers.keys()]
  }

  get(protocol: ProtocolName): Handler | undefined {
    return this.#handlers.get(protocol)
  }

  /** All of the names, or none. Errors: 'invalid-protocol' 'invalid-argument'. */
  add(protocols: Protocols, handler: Handler): Stop {
    const names = parseProtocols(protocols)
    if (typeof handler !== 'function') throw new KithError('invalid-argument', 'A handler is a function.')
    const taken = names.find((name) => this.#handlers.has(name))
    if (taken) throw new KithError('invalid-argument', `${taken} is served already.`)
    if (this.#handlers.size + names.length > PROTOCOLS_MAX) {
      throw new KithError('invalid-argument', `At most ${PROTOCOLS_MAX} protocols can be served.`)
    }
    for (const name of names) this.#handlers.set(name, handler)
    this.#onChange()
    return makeStop(() => {
      for (const name of names) this.#handlers.delete(name)
      this.#onChange()
    })
  }
}

/** Each once, in order. Errors: 'invalid-protocol', 'invalid-argument' for none or too many. */
export function parseProtocols(protocols: Protocols): readonly ProtocolName[] {
  const list: unknown = typeof protocols === 'string' ? [protocols] : protocols
  if (!Array.isArray(list)) throw new KithError('invalid-argument', 'Protocols are one name or a list of names.')
  const names: ProtocolName[] = [...new Set(list)]
  for (const name of names) if (!isProtocolName(name)) parseProtocolName(name)
  if (names.length === 0 || names.length > PROTOCOLS_MAX) {
    throw new KithError('invalid-argument', `1 to ${PROTOCOLS_MAX} protocol names are needed.`)
  }
  return names
}

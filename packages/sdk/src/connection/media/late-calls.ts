/** The Calls of a connection, whose code is fetched with the first: most pages never have one. */
import { CONTROL_EARLY_MAX, type Fields, KithError, type ProtocolName, violation } from '@kith/protocol'
import type { IncomingMedia, Media } from '../../api.ts'
import { orGivenUp } from '../../runtime/abort.ts'
import { now } from '../../runtime/driver.ts'
import { Late } from '../../runtime/late.ts'
import type { Link, LinkStream } from '../../session/link.ts'
import type { Calls, CallsOptions, MediaOpenOptions } from './calls.ts'

/** The control message that carries SDP. */
const SDP = 4

const fetchCalls = () => import('./calls.ts')

/** For a page that serves calls: one may come when the page's web server is away. What fails here is tried again with the first call. */
export function prefetchCalls(): void {
  fetchCalls().catch(() => undefined)
}

export interface LateCallsOptions extends Omit<CallsOptions, 'sendSdp'> {
  readonly link: Link
  /** Default: ours. */
  readonly fetch?: typeof fetchCalls
}

export class LateCalls {
  readonly #link: Link
  readonly #calls: Late<Calls>
  /** SDP that came before the code: a remote that keeps to the protocol sends none before a call is accepted. */
  readonly #early: Fields[] = []

  constructor({ fetch = fetchCalls, ...options }: LateCallsOptions) {
    const { link } = options
    this.#link = link
    this.#calls = new Late(async () => {
      const { Calls } = await fetch()
      const calls = new Calls({ ...options, sendSdp: (fields) => link.sendControl(SDP, fields) })
      this.#replay(calls)
      return calls
    })
    link.onControl((type, fields) => {
      if (type === SDP) this.#receive(fields)
    })
    const drop = () => void this.#early.splice(0)
    link.closed.then(drop, drop)
  }

  /** As `Calls.open`. Rejects with 'unsupported-environment' where the code cannot be fetched. */
  async open(protocols: readonly ProtocolName[], options: MediaOpenOptions): Promise<Media> {
    const until = now() + options.timeoutMs
    const late = () => new KithError('timeout', 'The code for calls was not loaded in time: check the network.')
    const calls = await orGivenUp(this.#calls.load(), { until, signal: options.signal, late })
    return calls.open(protocols, { ...options, timeoutMs: until - now() })
  }

  /** As `Calls.ring`. Rejects with 'unsupported-environment' where the code cannot be fetched. */
  async ring(stream: LinkStream): Promise<IncomingMedia> {
    return (await this.#calls.load()).ring(stream)
  }

  #receive(fields: Fields): void {
    if (this.#calls.isLoaded) {
      this.#calls.get().receive(fields)
      return
    }
    if (this.#early.push(fields) > CONTROL_EARLY_MAX) throw violation('too much SDP before the first call')
    this.#calls.load().catch((error: KithError) => this.#link.fail(error))
  }

  #replay(calls: Calls): void {
    try {
      for (const fields of this.#early.splice(0)) calls.receive(fields)
    } catch (error) {
      if (!(error instanceof KithError)) throw error
      this.#link.fail(error)
    }
  }
}

/** A Media that the remote has opened, until it is accepted or declined. */
import { KithError, type PeerId, type ProtocolName, violation } from '@kith/protocol'
import type { Connection, IncomingMedia, Media } from '../../api.ts'
import { type CallSignaling, IGNORE } from './call-signaling.ts'

type State = { readonly is: 'ringing' } | { readonly is: 'accepted'; readonly media: Media } | { readonly is: 'over' }

export interface RingingOptions {
  readonly signaling: CallSignaling
  readonly connection: Connection
  /** It was accepted: the Media of it. */
  readonly begin: () => Media
  /** It is neither ringing nor accepted any more. */
  readonly onEnd: () => void
}

export class RingingMedia implements IncomingMedia {
  readonly protocol: ProtocolName
  readonly remote: PeerId
  readonly connection: Connection
  readonly params: unknown
  readonly closed: Promise<void>
  readonly #options: RingingOptions
  #state: State = { is: 'ringing' }
  #settleClosed!: { readonly resolve: () => void; readonly reject: (error: KithError) => void }

  constructor(options: RingingOptions) {
    this.#options = options
    const { signaling, connection } = options
    this.protocol = signaling.stream.protocol
    this.params = signaling.stream.params
    this.connection = connection
    this.remote = connection.remote
    this.closed = new Promise((resolve, reject) => {
      this.#settleClosed = { resolve, reject }
    })
    this.closed.catch(() => undefined) // callers may await it or not
    signaling.listener = {
      heard: ({ type }) => {
        throw violation(`${type} before accept`)
      },
      over: (error) => this.#end(error),
    }
  }

  accept(): Media {
    switch (this.#state.is) {
      case 'over':
        throw new KithError('closed', 'This call is over.')
      case 'accepted':
        return this.#state.media
      case 'ringing': {
        const media = this.#options.begin()
        this.#state = { is: 'accepted', media }
        this.#options.signaling.say({ type: 'accept' })
        media.closed.then(this.#settleClosed.resolve, this.#settleClosed.reject)
        return media
      }
    }
  }

  decline(): void {
    if (this.#state.is !== 'ringing') return
    this.#options.signaling.say({ type: 'decline' })
    this.#end(undefined)
  }

  #end(error: KithError | undefined): void {
    if (this.#state.is !== 'ringing') return
    this.#state = { is: 'over' }
    this.#options.signaling.end()
    // What the other side still says before its own end is of no interest.
    this.#options.signaling.listener = IGNORE
    if (error === undefined) this.#settleClosed.resolve()
    else this.#settleClosed.reject(error)
    this.#options.onEnd()
  }
}

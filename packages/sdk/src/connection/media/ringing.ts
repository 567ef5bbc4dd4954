/** A Media that the remote has opened, until it is accepted or declined. */
import { KithError, violation } from '@kith/protocol'
import type { IncomingMedia, Media } from '../../api.ts'
import { type Deferred, deferred } from '../../runtime/deferred.ts'
import { CallHandle, type CallHandleOptions, settle } from './call-handle.ts'
import { IGNORE } from './call-signaling.ts'

type State = { readonly is: 'ringing' } | { readonly is: 'accepted'; readonly media: Media } | { readonly is: 'over' }

export interface RingingOptions extends CallHandleOptions {
  /** It was accepted: the Media of it. */
  readonly begin: () => Media
  /** It is neither ringing nor accepted any more. */
  readonly onEnd: () => void
}

export class RingingMedia extends CallHandle implements IncomingMedia {
  readonly #options: RingingOptions
  readonly #closed: Deferred<void>
  #state: State = { is: 'ringing' }

  constructor(options: RingingOptions) {
    const closed = deferred<void>()
    super(options, closed.promise)
    this.#options = options
    this.#closed = closed
    options.signaling.listener = {
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
        media.closed.then(this.#closed.resolve, this.#closed.reject)
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
    settle(this.#closed, error)
    this.#options.onEnd()
  }
}

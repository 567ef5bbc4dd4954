/** `Peer.status`, put together from the parts that report: the relays, the ICE servers and the storage. */
import type { KithError } from '@kith/protocol'
import type { PeerStatus } from './api.ts'
import type { Roster } from './carriers/roster.ts'
import type { OpenedStore } from './storage/open.ts'

export interface StatusOptions {
  readonly roster: Pick<Roster, 'status' | 'isLocal'>
  readonly storage: Pick<OpenedStore, 'status' | 'onStatus'>
  readonly onChange: (status: PeerStatus) => void
}

export class Status {
  readonly #options: StatusOptions
  readonly #stop: () => void
  /** Why callers cannot be offered anything. */
  #iceServersError: KithError | undefined
  #isClosed = false

  constructor(options: StatusOptions) {
    this.#options = options
    this.#stop = options.storage.onStatus(() => this.changed())
  }

  get value(): PeerStatus {
    const { roster, storage } = this.#options
    const isOnline = roster.status.some(({ state }) => state === 'ready')
    const error = this.#iceServersError
    return {
      relays: roster.status,
      iceServers: error ? { error } : {},
      reach: isOnline ? 'online' : roster.isLocal ? 'local' : 'offline',
      storage: storage.status,
    }
  }

  /** A part reports another status. */
  changed(): void {
    if (!this.#isClosed) this.#options.onChange(this.value)
  }

  /** Callers get no answer, and only this peer can know why. Undefined: they can be offered a path again. */
  unableToOffer(error: KithError | undefined): void {
    if (error?.message === this.#iceServersError?.message) return
    this.#iceServersError = error
    if (error) console.error(error)
    this.changed()
  }

  /** Nothing is reported from now on. */
  close(): void {
    this.#isClosed = true
    this.#stop()
  }
}

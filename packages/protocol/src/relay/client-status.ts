import type { KithError } from '../errors.ts'
import type { Millis } from '../machine.ts'
import type { BindRequests } from './bind-requests.ts'
import type { RelayClientOutput } from './client-io.ts'

/** What the machine reports of a relay: its state, and the most telling reason why it is not as it should be. */
export class ClientStatus {
  readonly #outputs: RelayClientOutput[]
  error: KithError | undefined
  /** Whether `error` says why the latest connection ends. */
  isExplained = false
  /** The relay is slow to answer BINDs. */
  slow: KithError | undefined

  constructor(outputs: RelayClientOutput[]) {
    this.#outputs = outputs
  }

  is(state: 'connecting' | 'ready', binds?: BindRequests): void {
    this.#outputs.push({ type: 'state', state: { state, ...this.#because(binds) } })
  }

  waits(retryAt: Millis): void {
    this.#outputs.push({ type: 'state', state: { state: 'waiting', retryAt, ...this.#because() } })
  }

  #because(binds?: BindRequests): { error?: KithError } {
    const error = this.error ?? binds?.limited ?? this.slow ?? binds?.shortage
    return error === undefined ? {} : { error }
  }
}

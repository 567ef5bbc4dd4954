import { type Bytes, KithError } from '@kith/protocol'
import type { KeyValueStore, Stop } from '../api.ts'
import { makeStop } from '../runtime/events.ts'
import { type Decision, outcome, type Store } from './store.ts'

/**
 * A user's KeyValueStore as a Store. It has no transactions: updates are queued one after another within this process, and two
 * processes on one such store must not run at once. It keeps bytes only, so the identity's root lies in it unsealed: who can
 * read the store is the person.
 */
export function adaptKeyValueStore(user: KeyValueStore): Store {
  return new AdaptedStore(user)
}

class AdaptedStore implements Store {
  readonly #user: KeyValueStore
  #last: Promise<unknown> = Promise.resolve()

  constructor(user: KeyValueStore) {
    this.#user = user
  }

  async get(key: string): Promise<Bytes | undefined> {
    return typed(async () => copied(await this.#user.get(key)))
  }

  async keys(prefix: string): Promise<string[]> {
    return typed(async () => {
      const keys: unknown = await this.#user.keys(prefix)
      if (!Array.isArray(keys)) throw new KithError('storage', '`keys` of the `storage` passed in resolves with a list of keys.')
      return keys
        .map(String)
        .filter((key) => key.startsWith(prefix))
        .sort()
    })
  }

  update(key: string, decide: (current: Bytes | undefined) => Decision<Bytes>): Promise<Bytes | undefined> {
    const run = () =>
      typed(async () => {
        const current = copied(await this.#user.get(key))
        const decision = decide(current)
        if (decision.kind === 'put') await this.#user.set(key, decision.value)
        else if (decision.kind === 'delete') await this.#user.delete(key)
        return outcome(current, decision)
      })
    // One that failed has rejected to its own caller; the next goes on all the same.
    const result = this.#last.then(run, run)
    this.#last = result
    return result
  }

  onChange(): Stop {
    return makeStop(() => {})
  }

  close(): void {
    // The user opened it; closing it is the user's affair.
  }
}

/** Buffers of other kinds (Node's Buffer is a view into a shared pool) become bytes of their own. */
function copied(value: Uint8Array | undefined): Bytes | undefined {
  return value && new Uint8Array(value)
}

async function typed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof KithError) throw cause
    const why = cause instanceof Error && cause.message ? `: ${cause.message}` : '.'
    throw new KithError('storage', `The \`storage\` passed in failed${why}`, { cause })
  }
}

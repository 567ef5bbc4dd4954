/**
 * A store whose operations answer in time, if only with 'storage'. Browsers have let IndexedDB hang for good after a crash of their storage
 * process, and a user's own store may wait for a server. Callers need not think of it: `resilient` goes on in memory.
 */
import { type Bytes, KithError } from '@kith/protocol'
import { within } from '../platform/environment.ts'
import { type Decision, KEEP, type ObjectSlots, type Store } from './store.ts'

/** Longer than a slow disk takes for the few kilobytes of a profile, short enough for a page to start without it. */
export const OPERATION_TIMEOUT_MS = 10_000

export function bounded(store: Store, timeoutMs: number = OPERATION_TIMEOUT_MS): Store {
  const patience = new Patience(timeoutMs)
  const { objects } = store
  return {
    get: (key) => patience.await(() => store.get(key)),
    keys: (prefix) => patience.await(() => store.keys(prefix)),
    update: (key, decide) => patience.decide<Bytes>(decide, (once) => store.update(key, once)),
    ...(objects && {
      objects: {
        get: (key) => patience.await(() => objects.get(key)),
        update: (key, decide) => patience.decide<unknown>(decide, (once) => objects.update(key, once)),
      } satisfies ObjectSlots,
    }),
    onChange: (listener) => store.onChange(listener),
    close: () => store.close(),
  }
}

class Patience {
  readonly #timeoutMs: number
  /** How many operations were given up and have not settled yet: as long as there are any, the next one is not waited for. */
  #stuck = 0

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  async await<T>(work: () => Promise<T>): Promise<T> {
    if (this.#stuck > 0) throw late()
    const working = work()
    return within(this.#timeoutMs, working, () => {
      this.#stuck += 1
      const settled = () => {
        this.#stuck -= 1
      }
      working.then(settled, settled)
      return late()
    })
  }

  /** What comes to be decided after it was given up is kept as it is: the caller has gone on from what was there. */
  async decide<T>(
    decide: (current: T | undefined) => Decision<T>,
    update: (once: (current: T | undefined) => Decision<T>) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    let isGivenUp = false
    try {
      return await this.await(() => update((current) => (isGivenUp ? KEEP : decide(current))))
    } finally {
      isGivenUp = true
    }
  }
}

const late = () =>
  new KithError('storage', 'The storage of this page does not answer: close other tabs of this page, then reload.')

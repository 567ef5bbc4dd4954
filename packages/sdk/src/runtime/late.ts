/** Code that is fetched when it is first needed, so that a page that never needs it never fetches it. */
import { KithError } from '@kith/protocol'

export class Late<T> {
  readonly #fetch: () => Promise<T>
  #loading: Promise<T> | undefined
  #loaded: { readonly value: T } | undefined

  /** @param fetch an `import()`, and what is made of it. */
  constructor(fetch: () => Promise<T>) {
    this.#fetch = fetch
  }

  get isLoaded(): boolean {
    return this.#loaded !== undefined
  }

  /** Loads it once. A load that failed is tried again at the next call. Rejects with 'unsupported-environment'. */
  load(): Promise<T> {
    this.#loading ??= this.#fetch().then(
      (value) => {
        this.#loaded = { value }
        return value
      },
      (cause) => {
        this.#loading = undefined
        throw notLoaded(cause)
      },
    )
    return this.#loading
  }

  /** For callers that cannot wait. Throws 'unsupported-environment' where it is not loaded, and loads it for the next call. */
  get(): T {
    if (this.#loaded !== undefined) return this.#loaded.value
    this.preload()
    throw notLoaded()
  }

  /** Loads it ahead. If that fails, the first caller that needs it gets the error. */
  preload(): void {
    this.load().catch(() => undefined)
  }
}

/** The web server is away, or does not serve every file of the build. */
function notLoaded(cause?: unknown): KithError {
  return new KithError(
    'unsupported-environment',
    'A file of Kith could not be loaded: serve every file of its dist folder, check the network, and try again.',
    { source: 'network', cause },
  )
}

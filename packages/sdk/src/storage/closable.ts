import { KithError } from '@kith/protocol'
import type { Store } from './store.ts'

/** A store that rejects with 'closed' after its peer was closed, instead of keeping what would not be read again. */
export function closable(store: Store): Store {
  let isClosed = false
  const whileOpen = (): Store => {
    if (isClosed) throw new KithError('closed', 'This peer has been closed.')
    return store
  }
  return {
    get: async (key) => whileOpen().get(key),
    keys: async (prefix) => whileOpen().keys(prefix),
    update: async (key, decide) => whileOpen().update(key, decide),
    // Only asked for keys, before there is a peer.
    ...(store.objects && { objects: store.objects }),
    onChange: (listener) => store.onChange(listener),
    close: () => {
      isClosed = true
      store.close()
    },
  }
}

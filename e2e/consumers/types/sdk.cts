import { createPeer, type Peer } from '@kith/sdk'

export const peer: Promise<Peer> = createPeer({ storage: 'memory' })

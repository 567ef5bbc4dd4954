/** js-libp2p's own suite for stream muxers, as published, over our link. js-libp2p's yamux (8.0.1) passes the same 46 tests. */
import './promise-with-resolvers.ts'
import suite from '@libp2p/interface-compliance-tests/stream-muxer'
import { kithMuxer } from './kith-muxer.ts'
import { defineMochaSuite } from './mocha.ts'

defineMochaSuite("js-libp2p's suite for stream muxers", 120_000, () =>
  suite({ setup: async () => kithMuxer(), teardown: async () => {} }),
)

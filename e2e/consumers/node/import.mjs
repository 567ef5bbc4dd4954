import { createRelay } from '@kith/relay'
import { createPeer, KithError, linkKind, parsePeerId } from '@kith/sdk'
import { check } from './check.cjs'

await check({ createPeer, KithError, linkKind, parsePeerId }, { createRelay })

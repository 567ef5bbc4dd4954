/**
 * The door for suites and adapters inside this repository: what `@kith/compliance` tests, and what it is written against. The
 * repository's tsconfig.base.json and vite.config.ts name it; the published package does not have it.
 */

export { BroadcastChannelCarrier } from './carriers/broadcast-channel.ts'
export type { Carrier } from './carriers/carrier.ts'
export { MemoryHub } from './carriers/memory.ts'
export { WebSocketCarrier, type WebSocketLike } from './carriers/websocket.ts'
export type { Lane, Lanes } from './path/lane.ts'
export { memoryLanes, PortLane } from './path/memory-lanes.ts'
export { createNegotiator, type NegotiatorOptions } from './path/webrtc/negotiator.ts'
export { Link, type LinkStream } from './session/link.ts'
export { adaptKeyValueStore } from './storage/adapter.ts'
export { openIndexedDb } from './storage/indexeddb.ts'
export { memoryStore } from './storage/memory.ts'
export { resilient } from './storage/resilient.ts'
export { DELETE, KEEP, put, type Store } from './storage/store.ts'

/**
 * The door for suites and adapters inside this repository: what `@kith/compliance` tests, and what it is written against. The
 * package's exports name it for sources only, so nobody who installs the SDK sees it.
 */

export { Link, type LinkStream } from './link/link.ts'
export { memoryLanes, PortLane } from './link/memory-lanes.ts'
export type { Lane, Lanes } from './rtc/lane.ts'
export { createNegotiator, type NegotiatorOptions } from './rtc/negotiator.ts'

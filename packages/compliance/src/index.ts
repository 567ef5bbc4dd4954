/** Suites that any adapter must pass, to be called from a test file of vitest, in Node or in a browser. */
export { carrierSuite, type Network } from './carrier-suite.ts'
export { laneSuite } from './lane-suite.ts'
export { linkSuite } from './link-suite.ts'
export type { OpenPath, Path } from './path.ts'
export { storeSuite } from './store-suite.ts'
export { streamSuite } from './stream-suite.ts'

/** The relay as a library: what `cli.ts` starts from the command line. */
export { createRelay, type Relay, type RelayOptions } from './server.ts'

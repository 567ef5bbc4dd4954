import { createRelay, type Relay } from '@kith/relay'

export const relay: Promise<Relay> = createRelay({ port: 0, limits: { sockets: 3 } })

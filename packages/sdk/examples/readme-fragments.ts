// What the fragments of README.md take for given: what earlier ones made, and what an app has of its own.
type Kith = typeof import('@kith/sdk')
declare const createPeer: Kith['createPeer']
declare const messages: Kith['messages']
declare const peer: import('@kith/sdk').Peer
declare const grace: import('@kith/sdk').Contact
declare const stream: import('@kith/sdk').Stream
declare const connection: import('@kith/sdk').Connection
declare const signal: AbortSignal
declare const camera: MediaStream
declare const video: HTMLVideoElement
declare const position: Uint8Array
declare function place(who: import('@kith/sdk').PeerId, datagram: Uint8Array): void
declare function show(call: import('@kith/sdk').Media): void

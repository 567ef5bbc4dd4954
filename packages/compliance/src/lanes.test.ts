import './stream-muxer/promise-with-resolvers.ts'
import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { laneSuite } from './lane-suite.ts'
import { linkSuite } from './link-suite.ts'
import type { OpenPath } from './path.ts'
import { memoryPath, messagePortPath } from './paths.ts'
import { ConnectionLanes, MESSAGE_MAX_BYTES } from './stream-muxer/connection-lanes.ts'
import { streamSuite } from './stream-suite.ts'

/** What the adapter for js-libp2p's suite runs on. */
const connectionPath: OpenPath = () => {
  const connections = multiaddrConnectionPair()
  const end = (connection: MultiaddrConnection) => {
    const carrier = new ConnectionLanes(connection)
    connection.addEventListener('message', ({ data }) => carrier.receive(data))
    return carrier.lanes
  }
  return {
    ends: [end(connections[0]), end(connections[1])],
    maxMessageBytes: MESSAGE_MAX_BYTES,
    dispose: () => connections[0].abort(new Error('the test is over')),
  }
}

for (const [name, open] of [
  ['in memory', memoryPath],
  ['over a MessagePort', messagePortPath],
  ['over one connection of bytes', connectionPath],
] as const) {
  laneSuite(name, open)
  linkSuite(name, open)
  streamSuite(name, open)
}

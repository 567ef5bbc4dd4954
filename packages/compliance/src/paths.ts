/** Paths without a network: what runs everywhere. */
import { type Lanes, memoryLanes, PortLane } from '@kith/sdk/parts'
import type { Path } from './path.ts'

/** Nothing in memory has a largest message: what Chromium's data channels take. */
const MAX_MESSAGE_BYTES = 256 * 1024

export function memoryPath(): Path {
  return { ends: memoryLanes(), maxMessageBytes: MAX_MESSAGE_BYTES, dispose: () => {} }
}

/** Four MessageChannels, as between a page and its worker. */
export function messagePortPath(): Path {
  const channels = Array.from({ length: 4 }, () => new MessageChannel())
  const end = (port: 'port1' | 'port2'): Lanes => {
    const [control, datagrams, urgent, bulk] = channels.map((channel) => new PortLane(channel[port]))
    if (!control || !datagrams || !urgent || !bulk) throw new Error('there are four channels')
    return { control, datagrams, urgent, bulk }
  }
  const ends = [end('port1'), end('port2')] as const
  const dispose = () => {
    for (const { port1, port2 } of channels) {
      port1.close()
      port2.close()
    }
  }
  return { ends, maxMessageBytes: MAX_MESSAGE_BYTES, dispose }
}

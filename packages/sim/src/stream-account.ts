/** One stream, by what passed on the wire. */
import { STREAM_RESERVE_BYTES, STREAM_WINDOW_BYTES } from '@kith/protocol'

export interface StreamAccount {
  sentBytes: number
  /** Of those, what does not count against the connection, and how much of that the remote has granted; the same of what came. */
  sentOwn: number
  ownLimit: number
  receivedOwn: number
  ownGranted: number
  /** What the remote has granted us, by the frames that have arrived. */
  limit: number
  receivedBytes: number
  /** What we have granted the remote, and the window that was behind it. */
  granted: number
  windowBytes: number
  /** What this end has said. */
  opened: boolean
  /** It named several protocols: until the remote has chosen, nothing is sent. */
  asks: boolean
  answered: boolean
  finished: boolean
  reset: boolean
  /** What this end has received. */
  mayNotSend: boolean
  mayNotRead: boolean
  cameOpen: boolean
  hasFinished: boolean
}

export function streamAccount(): StreamAccount {
  return {
    sentBytes: 0,
    sentOwn: 0,
    ownLimit: STREAM_RESERVE_BYTES,
    receivedOwn: 0,
    ownGranted: STREAM_RESERVE_BYTES,
    limit: STREAM_WINDOW_BYTES,
    receivedBytes: 0,
    granted: STREAM_WINDOW_BYTES,
    windowBytes: STREAM_WINDOW_BYTES,
    opened: false,
    asks: false,
    answered: false,
    finished: false,
    reset: false,
    mayNotSend: false,
    mayNotRead: false,
    cameOpen: false,
    hasFinished: false,
  }
}

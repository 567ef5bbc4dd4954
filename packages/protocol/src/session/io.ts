/** What goes into the mux machine and what comes out of it. */
import type { KithError } from '../errors.ts'
import type { Bytes } from '../machine.ts'
import type { LaneName } from '../mux/lane-queue.ts'
import type { ServedProtocols } from '../mux/served.ts'
import type { StreamOutput } from '../mux/stream.ts'
import type { PathConfig } from '../path/path.ts'
import type { OpaqueType } from './control.ts'
import type { ControlConfig } from './control-lane.ts'

export interface SessionConfig extends ControlConfig, PathConfig {
  /** 0 opened the connection and its streams have odd ids, 1 was called. */
  readonly role: 0 | 1
}

export type SessionInput =
  /** The control lane can carry messages. */
  | { readonly type: 'started' }
  /** One message, in a buffer that is the machine's from now on. */
  | { readonly type: 'message'; readonly lane: LaneName | 'datagrams'; readonly bytes: Bytes }
  | { readonly type: 'tick' }
  | { readonly type: 'serve'; readonly served: ServedProtocols }
  /** A whole control message of a type that others own. */
  | { readonly type: 'opaque'; readonly number: OpaqueType; readonly message: Bytes }
  /** Whether our end of the path is at a TURN server: at first and at each change; undefined where that cannot be known now. */
  | { readonly type: 'path'; readonly isAtTurn: boolean | undefined }
  /** Ask the remote for a sign of life. Before 'ready' it changes nothing. */
  | { readonly type: 'ping' }
  /** Say goodbye once what was written has left, within limits; `atOnce`: with what can leave now. 'closed' comes when it was pulled.
   *  There is no other output before that. */
  | { readonly type: 'close'; readonly code: number; readonly reason: string; readonly atOnce?: boolean }
  /** The path is gone: its messages are handed in no more. The session waits for another, where both ends have 'resume'. */
  | { readonly type: 'detach' }
  /** Another path to the same remote, after 'detach'; the same size of messages at least. 'started' follows, and 'resumed' comes. */
  | { readonly type: 'attach'; readonly path: PathConfig }
  /** There is no path any more, for good. */
  | { readonly type: 'fail'; readonly error: KithError }

export type SessionOutput =
  /** Both have said hello; ours may be on its way to the lane. */
  | { readonly type: 'ready'; readonly instance: Bytes; readonly served: ServedProtocols }
  | { readonly type: 'protocols'; readonly served: ServedProtocols }
  /** `remoteIsAtTurn` has changed. */
  | { readonly type: 'path' }
  | StreamOutput
  | { readonly type: 'opaque'; readonly number: OpaqueType; readonly message: Bytes }
  /** The session goes on over another path. Control messages of others that were on their way may be lost. */
  | { readonly type: 'resumed' }
  /** The remote has said goodbye, and not all has come that it counts: nothing new begins, and 'closed' follows. */
  | { readonly type: 'leaving' }
  /** The end, in order. What streams had received whole can still be read. */
  | { readonly type: 'closed'; readonly by: 'local' | 'remote'; readonly code: number; readonly reason: string }
  /** The end, out of order: close the path. */
  | { readonly type: 'failed'; readonly error: KithError }

/**
 * The protocol `/call/state/v1`: each side of a call sends whether its microphone is on, and what its picture shows. Muting is not
 * signalled by the tracks: a silent track may be muted or not, and a missing one may be off or late.
 *
 * The caller opens one stream a call, with the `params` of the call. On it go JSON messages, both ways, each the whole state:
 *
 *     {"microphone": true, "picture": "camera" | "screen" | "none"}
 *
 * A stream is ordered and reliable, so the last message is current; while 'reconnecting', the newest waits. After the end of the
 * stream the state is unknown.
 */
import { messages, type ProtocolName, type Stream } from '@kith/sdk'
import { codeOf } from '../people/error-code.ts'
import type { Value } from '../ui/observable.ts'

export const CALL_STATE: ProtocolName = '/call/state/v1'

/** Bytes in one message; a state has 40, later versions may say more. Beyond: the stream is reset. */
const MESSAGE_MAX_BYTES = 1024

const PICTURES = ['camera', 'screen', 'none'] as const

export interface SelfState {
  /** Switched on, and not failed. */ readonly microphone: boolean
  readonly picture: (typeof PICTURES)[number]
}

/** Undefined for values that this version does not know. */
export function parseSelfState(json: string): SelfState | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    // What is not JSON is ignored as well.
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('microphone' in value && 'picture' in value)) return undefined
  const { microphone } = value
  const picture = PICTURES.find((one) => one === value.picture)
  return typeof microphone === 'boolean' && picture ? { microphone, picture } : undefined
}

/** Sends my state with each change and receives theirs; settles when the stream is over. */
export async function exchangeStates(
  stream: Stream,
  mine: Value<SelfState>,
  hear: (theirs: SelfState | undefined) => void,
): Promise<void> {
  const line = messages(stream, { maxMessageSize: MESSAGE_MAX_BYTES })
  let sent: SelfState | undefined
  let isSending = false
  const send = async () => {
    if (isSending) return
    isSending = true
    try {
      // Changes while a send waits are sent as one message, the newest state.
      while (sent !== mine.get()) {
        sent = mine.get()
        await line.send(JSON.stringify(sent))
      }
    } catch (error) {
      // The stream is over: its reader ends as well.
      if (codeOf(error) === undefined) throw error
    } finally {
      isSending = false
    }
  }
  const change = () => send().catch(reportError)
  const stop = mine.on(change)
  change()
  try {
    for await (const message of line) hear(parseSelfState(message.text()))
  } catch (error) {
    if (codeOf(error) === undefined) throw error
  } finally {
    stop()
    hear(undefined)
  }
}

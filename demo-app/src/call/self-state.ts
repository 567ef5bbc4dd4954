/**
 * What each side of a call says of itself over `/call/state/v1`: whether its microphone is on, and what its picture shows. The
 * tracks do not tell: a silent one is muted or belongs to somebody who listens, and one that is missing is off or only late.
 *
 * The caller opens one stream a call, with the `params` of the call. On it go JSON messages, both ways, each the whole state:
 *
 *     {"microphone": true, "picture": "camera" | "screen" | "none"}
 *
 * Streams keep their order and lose nothing, so the last that came holds; while 'reconnecting', the newest waits. Once the stream
 * is over nothing is known any more, rather than something that may have changed.
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

/** Undefined for what this version does not understand. */
export function parseSelfState(json: string): SelfState | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    // Not JSON is one more thing that is not understood.
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('microphone' in value && 'picture' in value)) return undefined
  const { microphone } = value
  const picture = PICTURES.find((one) => one === value.picture)
  return typeof microphone === 'boolean' && picture ? { microphone, picture } : undefined
}

/** Tells mine with each change and hears theirs; settles when the stream is over. */
export async function exchangeStates(
  stream: Stream,
  mine: Value<SelfState>,
  hear: (theirs: SelfState | undefined) => void,
): Promise<void> {
  const line = messages(stream, { maxMessageSize: MESSAGE_MAX_BYTES })
  let told: SelfState | undefined
  let isTelling = false
  const tell = async () => {
    if (isTelling) return
    isTelling = true
    try {
      // What changes back and forth while the path takes no more is told once.
      while (told !== mine.get()) {
        told = mine.get()
        await line.send(JSON.stringify(told))
      }
    } catch (error) {
      // The stream is over: reading it says so, too.
      if (codeOf(error) === undefined) throw error
    } finally {
      isTelling = false
    }
  }
  const change = () => tell().catch(reportError)
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

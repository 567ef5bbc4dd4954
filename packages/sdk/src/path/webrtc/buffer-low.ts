/** 'bufferedamountlow' (W3C webrtc-pc §6.2) for implementations that have no such event: @roamhq/wrtc. */

/** Five milliseconds of a gigabit are more than a lane's buffer holds; a timer of Node is not much more exact. */
const POLL_MS = 5

/** What the event needs of a channel. */
export interface PolledChannel extends Pick<EventTarget, 'dispatchEvent'> {
  readonly readyState: RTCDataChannelState
  readonly bufferedAmount: number
  bufferedAmountLowThreshold?: number
  send(message: Uint8Array<ArrayBuffer>): void
}

/** The same channel, which emits 'bufferedamountlow' from now on. A channel that has the event is left as it is. */
export function withBufferLow<Channel extends PolledChannel>(channel: Channel): Channel {
  if ('onbufferedamountlow' in channel) return channel
  const { send } = channel
  let timer: ReturnType<typeof setInterval> | undefined
  const stop = () => {
    clearInterval(timer)
    timer = undefined
  }
  const look = () => {
    if (channel.readyState !== 'open') return stop()
    if (channel.bufferedAmount > (channel.bufferedAmountLowThreshold ?? 0)) return
    stop()
    channel.dispatchEvent(new Event('bufferedamountlow'))
  }
  channel.send = (message: Uint8Array<ArrayBuffer>) => {
    send.call(channel, message)
    // Whatever the buffer says now: it is counted on another thread, and later.
    timer ??= setInterval(look, POLL_MS)
  }
  return channel
}

/** How the call goes: state and quality in words and bars, and its duration. */
import { useEffect, useState } from 'preact/hooks'
import type { Session } from '../../people/session.ts'
import { lengthOf } from '../../ui/dates.ts'
import { useValue } from '../../ui/observable.ts'
import type { LiveCall, Measured } from '../live-call.ts'
import { text } from '../texts.ts'

export function Status({ session, call }: { session: Session; call: LiveCall }) {
  const state = useValue(call.state)
  const path = useValue(call.path)
  const measured = useValue(call.measured)
  const { reach } = useValue(session.status)
  const words = text.status
  const isReconnecting = state === 'reconnecting' || measured?.quality === 'lost'
  const figures = measured && figuresOf(measured)
  return (
    <p class="call-status" title={figures}>
      {!isReconnecting && measured && <Bars quality={measured.quality} />}
      <span role="status" class={isReconnecting || measured?.quality === 'poor' ? 'wait' : ''}>
        {isReconnecting
          ? words.reconnecting
          : reach !== 'online' && path !== 'local'
            ? words.relayAway
            : [words[path], measured && text.quality[measured.quality]].filter(Boolean).join(', ')}
      </span>
      {/* Outside of the role 'status' above, so that screen readers do not announce each change. */}
      <span class="unseen">{figures}</span>
      <Duration since={call.startedAt} />
    </p>
  )
}

function figuresOf({ roundTripMs, lossRatio }: Measured): string {
  const { roundTrip, loss } = text.figures
  return [
    roundTripMs !== undefined && roundTrip(Math.round(roundTripMs)),
    lossRatio !== undefined && loss(percent.format(lossRatio)),
  ]
    .filter(Boolean)
    .join(', ')
}

const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })

const BARS: Record<Measured['quality'], number> = { excellent: 3, good: 2, poor: 1, lost: 0 }

function Bars({ quality }: { quality: Measured['quality'] }) {
  return (
    <span class={`bars lit-${BARS[quality]}`} aria-hidden="true">
      <span />
      <span />
      <span />
    </span>
  )
}

function Duration({ since }: { since: number }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return (
    <span class="duration" role="timer">
      {lengthOf(now - since)}
    </span>
  )
}

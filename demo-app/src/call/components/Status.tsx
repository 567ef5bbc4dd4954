/** How the call goes: in words that are said when they change, with bars beside them, and for how long already. */
import { useEffect, useState } from 'preact/hooks'
import { lengthOf } from '../../dates.ts'
import { useValue } from '../../observable.ts'
import type { Session } from '../../session.ts'
import { text } from '../../text.ts'
import type { LiveCall } from '../live-call.ts'

export function Status({ session, call }: { session: Session; call: LiveCall }) {
  const state = useValue(call.state)
  const path = useValue(call.path)
  const quality = useValue(call.quality)
  const { reach } = useValue(session.status)
  const words = text.call.status
  const isReconnecting = state === 'reconnecting'
  return (
    <p class="call-status">
      {!isReconnecting && quality !== 'unknown' && <Bars lit={quality === 'good' ? 3 : quality === 'fair' ? 2 : 1} />}
      <span role="status" class={isReconnecting || quality === 'poor' ? 'wait' : ''}>
        {isReconnecting
          ? words.reconnecting
          : reach !== 'online' && path !== 'local'
            ? words.relayAway
            : [words[path], text.call.quality[quality]].filter(Boolean).join(', ')}
      </span>
      <Duration since={call.startedAt} />
    </p>
  )
}

function Bars({ lit }: { lit: number }) {
  return (
    <span class={`bars lit-${lit}`} aria-hidden="true">
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

/** The time, for words like '10 minutes ago' and for the heading 'Today'. */
import { useEffect, useState } from 'preact/hooks'

/** Shown times are at most this old. */
const TICK_MS = 30_000

export function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return now
}

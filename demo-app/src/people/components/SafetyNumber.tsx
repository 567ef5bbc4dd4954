/** Sixty digits that two people compare: where they are equal, their connection is not intercepted. */
import type { PeerId } from '@kith/sdk'
import { useEffect, useState } from 'preact/hooks'
import type { Session } from '../session.ts'
import { text } from '../texts.ts'

export function SafetyNumber({ session, id, name }: { session: Session; id: PeerId; name: string }) {
  const [number, setNumber] = useState<string>()
  useEffect(() => {
    let gone = false
    session.peer.safetyNumber(id).then((digits) => gone || setNumber(digits), reportError)
    return () => {
      gone = true
    }
  }, [session, id])
  const groups = number?.match(/\d{5}/g) ?? []
  return (
    <div class="stack tight">
      <span class="field-label" id="safety-label">
        {text.person.safety}
      </span>
      <ol class="safety-number" aria-labelledby="safety-label" aria-describedby="safety-hint">
        {groups.map((group, index) => (
          // By place: two groups may be alike.
          <li key={index}>{group}</li>
        ))}
      </ol>
      <p class="hint" id="safety-hint">
        {text.person.safetyHint(name)}
      </p>
    </div>
  )
}

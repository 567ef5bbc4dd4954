/** In someone's conversation: calls them, or leads back to the call that is going on. */

import type { Person } from '../../people/people.ts'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Calls } from '../calls.ts'
import { text } from '../texts.ts'

export function CallButton({ calls, person }: { calls: Calls; person: Person }) {
  const state = useValue(calls.state)
  if (person.trust === 'blocked') return null
  const isCalling = state.at === 'calling' || state.at === 'talking'
  const label = isCalling ? text.back : text.start(person.name)
  return (
    <button
      type="button"
      class="button icon-only quiet"
      onClick={() => calls.prepare(person.id)}
      aria-label={label}
      title={label}
    >
      <Icon name={isCalling ? 'enlarge' : 'camera'} />
    </button>
  )
}

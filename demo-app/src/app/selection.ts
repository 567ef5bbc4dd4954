/**
 * Whose conversation is on the screen. It is kept in the history entry rather than in the address: a reload comes back to it,
 * 'back' on a phone leaves it, and no PeerId stands in an address bar that may be shown or shared.
 */
import { isPeerId, type PeerId } from '@kith/sdk'
import { Value } from '../ui/observable.ts'

export const selected = new Value<PeerId | undefined>(fromHistory(history.state))

addEventListener('popstate', (event) => selected.set(fromHistory(event.state)))

function fromHistory(state: unknown): PeerId | undefined {
  if (typeof state !== 'object' || state === null || !('person' in state) || typeof state.person !== 'string') return undefined
  return isPeerId(state.person) ? state.person : undefined
}

/** From the list it is a step that 'back' undoes; from one conversation to the next it is not. */
export function select(person: PeerId): void {
  if (selected.get() === undefined) history.pushState({ person }, '')
  else history.replaceState({ person }, '')
  selected.set(person)
}

export function deselect(): void {
  history.replaceState(null, '')
  selected.set(undefined)
}

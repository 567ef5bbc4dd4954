/**
 * What is on the screen: a conversation, a document, or the lists alone. The history entry keeps it, not the address: a reload comes
 * back to it, 'back' on a phone leaves it, and the address bar, which may be shown or shared, has no PeerId.
 */
import { isPeerId, type PeerId } from '@kith/sdk'
import { type DocumentId, isDocumentId } from '../documents/document.ts'
import { Value } from '../ui/observable.ts'

/** Undefined: the lists alone. */
type Shown = { readonly person: PeerId } | { readonly document: DocumentId } | undefined

export const shown = new Value<Shown>(fromHistory(history.state))

addEventListener('popstate', (event) => shown.set(fromHistory(event.state)))

export const personIn = (now: Shown): PeerId | undefined => (now && 'person' in now ? now.person : undefined)
export const documentIn = (now: Shown): DocumentId | undefined => (now && 'document' in now ? now.document : undefined)

/** From the lists or from a document it is a step that 'back' undoes; from one conversation to the next it is not. */
export function showPerson(person: PeerId): void {
  show({ person }, personIn(shown.get()) === undefined)
}

/** From the lists it is a step that 'back' undoes; from a conversation or another document it is not. */
export function showDocument(document: DocumentId): void {
  show({ document }, shown.get() === undefined)
}

export function showLists(): void {
  history.replaceState(null, '')
  shown.set(undefined)
}

function show(next: NonNullable<Shown>, isStep: boolean): void {
  if (isStep) history.pushState(next, '')
  else history.replaceState(next, '')
  shown.set(next)
}

function fromHistory(state: unknown): Shown {
  if (typeof state !== 'object' || state === null) return undefined
  if ('person' in state && typeof state.person === 'string' && isPeerId(state.person)) return { person: state.person }
  if ('document' in state && isDocumentId(state.document)) return { document: state.document }
  return undefined
}

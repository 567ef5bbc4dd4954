/** Which document is on the screen; kept in the history entry, as selection.ts keeps the person: the two exclude each other. */

import { deselect, selected } from '../app/selection.ts'
import { Value } from '../ui/observable.ts'
import { type DocumentId, isDocumentId } from './document.ts'

export const opened = new Value<DocumentId | undefined>(fromHistory(history.state))

addEventListener('popstate', (event) => opened.set(fromHistory(event.state)))
selected.on(() => {
  if (selected.get() !== undefined) opened.set(undefined)
})

function fromHistory(state: unknown): DocumentId | undefined {
  return typeof state === 'object' && state !== null && 'document' in state && isDocumentId(state.document)
    ? state.document
    : undefined
}

/** From the list it is a step that 'back' undoes; from one thing to the next it is not. */
export function openDocument(document: DocumentId): void {
  if (opened.get() === undefined && selected.get() === undefined) history.pushState({ document }, '')
  else history.replaceState({ document }, '')
  selected.set(undefined)
  opened.set(document)
}

export function closeDocument(): void {
  deselect()
  opened.set(undefined)
}

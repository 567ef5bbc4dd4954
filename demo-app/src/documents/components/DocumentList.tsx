/** My documents, under my people. */

import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import type { Person } from '../../people/people.ts'
import { useNow } from '../../ui/clock.ts'
import { shortWhen } from '../../ui/dates.ts'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import { plainName } from '../../ui/plain.ts'
import type { DocumentEntry, DocumentId } from '../document.ts'
import type { Library } from '../library.ts'
import { listOf, nameOf } from '../names.ts'
import { text } from '../texts.ts'

interface DocumentListProps {
  documents: Library
  people: readonly Person[]
  selected: DocumentId | undefined
  onSelect: (id: DocumentId) => void
}

export function DocumentList({ documents, people, selected, onSelect }: DocumentListProps) {
  const entries = useValue(documents.entries)
  const now = useNow()
  const titleId = useId()
  const create = () => documents.create().then(onSelect, reportError)
  return (
    <nav class="documents" aria-labelledby={titleId}>
      <div class="documents-head">
        <h2 class="section-title" id={titleId}>
          {text.title}
          {entries.length > 0 && <span class="section-count">{entries.length}</span>}
        </h2>
        <button type="button" class="button icon-only quiet small" onClick={create} aria-label={text.create}>
          <Icon name="add" />
        </button>
      </div>
      {entries.length === 0 ? (
        <p class="documents-none">{text.none}</p>
      ) : (
        <ul>
          {entries.map((entry) => (
            <li key={entry.id}>
              <Row entry={entry} people={people} now={now} selected={entry.id === selected} onSelect={onSelect} />
            </li>
          ))}
        </ul>
      )}
    </nav>
  )
}

interface RowProps {
  entry: DocumentEntry
  people: readonly Person[]
  now: number
  selected: boolean
  onSelect: (id: DocumentId) => void
}

function Row({ entry: { id, title, members, changedAt, isNew }, people, now, selected, onSelect }: RowProps) {
  const names = listOf(members.map((member) => nameOf(people, member)))
  const row = useRef<HTMLButtonElement>(null)
  // The open document may be out of sight: it may have been opened before a reload, or elsewhere on the page.
  useLayoutEffect(() => {
    if (selected) row.current?.scrollIntoView({ block: 'nearest' })
  }, [selected])
  return (
    <button ref={row} type="button" class="document" aria-current={selected ? 'true' : undefined} onClick={() => onSelect(id)}>
      <span class="document-picture" aria-hidden="true">
        <Icon name="document" />
      </span>
      <span class="person-words">
        <span class="person-top">
          <span class="document-title clip">{plainName(title) || text.untitled}</span>
          {isNew && <span class="badge">{text.isNew}</span>}
          <time class="person-when">{shortWhen(changedAt, now)}</time>
        </span>
        <span class="document-with clip">{names ? text.sharedWith(names) : text.alone}</span>
      </span>
    </button>
  )
}

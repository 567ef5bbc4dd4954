import type { PeerId } from '@kith/sdk'
import type { ComponentChildren } from 'preact'
import { Avatar } from '../../ui/Avatar.tsx'
import { useNow } from '../../ui/clock.ts'
import { shortWhen } from '../../ui/dates.ts'
import type { Person } from '../people.ts'
import { text } from '../texts.ts'

interface PeopleListProps {
  people: readonly Person[]
  selected: PeerId | undefined
  /** The end of the conversation, in one line. */ preview: (id: PeerId) => ComponentChildren
  onSelect: (id: PeerId) => void
}

export function PeopleList({ people, selected, preview, onSelect }: PeopleListProps) {
  const now = useNow()
  return (
    <nav class="people" aria-labelledby="people-title">
      <h2 class="section-title" id="people-title">
        {text.list.title}
        {people.length > 0 && <span class="section-count">{people.length}</span>}
      </h2>
      {people.length === 0 ? (
        <div class="people-none">
          <p>
            <strong>{text.list.none}</strong>
            {text.list.noneHint}
          </p>
        </div>
      ) : (
        <ul>
          {people.map((person) => (
            <li key={person.id}>
              <Row person={person} selected={person.id === selected} now={now} preview={preview} onSelect={onSelect} />
            </li>
          ))}
        </ul>
      )}
    </nav>
  )
}

interface RowProps extends Pick<PeopleListProps, 'preview' | 'onSelect'> {
  person: Person
  selected: boolean
  now: number
}

function Row({ person, selected, now, preview, onSelect }: RowProps) {
  const { id, name, trust, online, unread, lastAt } = person
  const presence = trust === 'blocked' ? text.list.blocked : online ? text.list.online : text.list.away
  return (
    <button
      type="button"
      class={unread > 0 ? 'person unread' : 'person'}
      aria-current={selected ? 'true' : undefined}
      onClick={() => onSelect(id)}
    >
      <Avatar id={id} name={name} online={online} />
      <span class="person-words">
        <span class="person-top">
          <span class="person-name clip">{name}</span>
          {trust === 'blocked' ? (
            <span class="tag">{text.list.blocked}</span>
          ) : (
            <>
              {trust === 'known' && <span class="tag">{text.list.known}</span>}
              <span class={online ? 'person-presence online' : 'person-presence'}>{presence}</span>
            </>
          )}
          {lastAt !== undefined && <time class="person-when">{shortWhen(lastAt, now)}</time>}
        </span>
        <span class="person-bottom">
          <span class="person-preview clip">
            <bdi>{preview(id)}</bdi>
          </span>
          {unread > 0 && (
            <span class="badge">
              <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
              <span class="unseen">{text.list.unread(unread)}</span>
            </span>
          )}
        </span>
      </span>
    </button>
  )
}

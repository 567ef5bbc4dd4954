import type { PeerId } from '@kith/sdk'
import { select } from '../../app/selection.ts'
import { Preview } from '../../chat/components/Preview.tsx'
import { Avatar } from '../../ui/Avatar.tsx'
import { useNow } from '../../ui/clock.ts'
import { shortWhen } from '../../ui/dates.ts'
import type { Person } from '../people.ts'
import { text } from '../texts.ts'

interface PeopleListProps {
  people: readonly Person[]
  selected: PeerId | undefined
}

export function PeopleList({ people, selected }: PeopleListProps) {
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
              <Row person={person} selected={person.id === selected} now={now} />
            </li>
          ))}
        </ul>
      )}
    </nav>
  )
}

function Row({ person, selected, now }: { person: Person; selected: boolean; now: number }) {
  const { id, name, trust, online, unread, last } = person
  const presence = trust === 'blocked' ? text.list.blocked : online ? text.list.online : text.list.away
  return (
    <button
      type="button"
      class={unread > 0 ? 'person unread' : 'person'}
      aria-current={selected ? 'true' : undefined}
      onClick={() => select(id)}
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
          {last && <time class="person-when">{shortWhen(last.at, now)}</time>}
        </span>
        <span class="person-bottom">
          <span class="person-preview clip">
            <bdi>
              <Preview last={last} />
            </bdi>
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

/** Me, whether others can reach me, my people, and my documents. */
import { Preview } from '../../chat/components/Preview.tsx'
import { DocumentList } from '../../documents/components/DocumentList.tsx'
import { PeopleList } from '../../people/components/PeopleList.tsx'
import type { Person } from '../../people/people.ts'
import { shortId } from '../../people/short-id.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import { DEFAULT_PROFILE } from '../place.ts'
import type { Services } from '../services.ts'
import { documentIn, personIn, showDocument, shown, showPerson } from '../shown.ts'
import { text } from '../texts.ts'
import { StatusLine } from './StatusLine.tsx'

interface SidebarProps {
  services: Services
  people: readonly Person[]
  onYou: () => void
  onInvite: () => void
}

export function Sidebar({ services, people, onYou, onInvite }: SidebarProps) {
  const name = useValue(services.name)
  const now = useValue(shown)
  const { profile } = services.place
  return (
    <aside class="sidebar">
      <header class="me">
        <button type="button" class="me-button" onClick={onYou}>
          <Avatar id={services.peer.id} name={name} />
          <span class="me-words">
            <span class="me-name">
              <span class="unseen">{text.you.open}</span>
              <span class="clip">{name}</span>
              {profile !== DEFAULT_PROFILE && <span class="tag">{profile}</span>}
            </span>
            <span class="me-id mono">{shortId(services.peer.id)}</span>
          </span>
        </button>
        <button type="button" class="button primary" onClick={onInvite}>
          <Icon name="invite" />
          {text.invite}
        </button>
      </header>
      <StatusLine services={services} people={people} />
      <PeopleList
        people={people}
        selected={personIn(now)}
        preview={(id) => <Preview last={services.chats.last(id)} />}
        onSelect={showPerson}
      />
      <DocumentList documents={services.documents} people={people} selected={documentIn(now)} onSelect={showDocument} />
    </aside>
  )
}

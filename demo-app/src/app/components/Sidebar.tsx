/** Me, how well I can be found, and my people. */
import type { PeerId } from '@kith/sdk'
import { DocumentList } from '../../documents/components/DocumentList.tsx'
import { PeopleList } from '../../people/components/PeopleList.tsx'
import type { Person } from '../../people/people.ts'
import { shortId } from '../../people/short-id.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import { DEFAULT_PROFILE } from '../place.ts'
import type { Session } from '../session.ts'
import { text } from '../texts.ts'
import { StatusLine } from './StatusLine.tsx'

interface SidebarProps {
  session: Session
  people: readonly Person[]
  selected: PeerId | undefined
  onYou: () => void
  onInvite: () => void
}

export function Sidebar({ session, people, selected, onYou, onInvite }: SidebarProps) {
  const name = useValue(session.name)
  const { profile } = session.place
  return (
    <aside class="sidebar">
      <header class="me">
        <button type="button" class="me-button" onClick={onYou}>
          <Avatar id={session.peer.id} name={name} />
          <span class="me-words">
            <span class="me-name">
              <span class="unseen">{text.you.open}</span>
              <span class="clip">{name}</span>
              {profile !== DEFAULT_PROFILE && <span class="tag">{profile}</span>}
            </span>
            <span class="me-id mono">{shortId(session.peer.id)}</span>
          </span>
        </button>
        <button type="button" class="button primary" onClick={onInvite}>
          <Icon name="invite" />
          {text.invite}
        </button>
      </header>
      <StatusLine session={session} people={people} />
      <PeopleList people={people} selected={selected} />
      <DocumentList session={session} people={people} />
    </aside>
  )
}

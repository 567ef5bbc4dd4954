/** People on one side, a conversation on the other; on a phone one at a time. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { Conversation } from '../../chat/components/Conversation.tsx'
import { DocumentScreen } from '../../documents/components/DocumentScreen.tsx'
import { loadAhead } from '../../documents/load-ahead.ts'
import { opened } from '../../documents/place.ts'
import { InviteDialog } from '../../people/components/InviteDialog.tsx'
import { PersonDialog } from '../../people/components/PersonDialog.tsx'
import { Invitation } from '../../people/invitation.ts'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import { deselect, selected } from '../selection.ts'
import type { Session } from '../session.ts'
import { text } from '../texts.ts'
import { Notice } from './Notice.tsx'
import { Sidebar } from './Sidebar.tsx'
import { YouDialog } from './YouDialog.tsx'

type OpenDialog = 'none' | 'invite' | 'you' | 'person'

export function Home({ session }: { session: Session }) {
  const people = useValue(session.people)
  const selectedId = useValue(selected)
  const documentId = useValue(opened)
  const person = people.find(({ id }) => id === selectedId)
  const [dialog, setDialog] = useState<OpenDialog>('none')
  const invitation = useMemo(() => new Invitation(session.peer), [session])
  const close = () => setDialog('none')

  useEffect(loadAhead, [])
  useOnScreen(session, person?.id)
  useTitle(people.reduce((count, { unread }) => count + unread, 0))
  // Removed, here or in another tab of this profile. Right after an invitation the list is one turn behind the contacts.
  useEffect(() => {
    if (selectedId && !session.peer.contacts.get(selectedId)) deselect()
  }, [session, selectedId, people])

  return (
    <div class={person || documentId ? 'home with-person' : 'home'}>
      {!person && !documentId && <h1 class="unseen">{text.app}</h1>}
      <Sidebar
        session={session}
        people={people}
        selected={person?.id}
        onYou={() => setDialog('you')}
        onInvite={() => setDialog('invite')}
      />
      <main class="main" aria-label={person || documentId ? undefined : text.app}>
        {documentId ? (
          <DocumentScreen key={documentId} session={session} id={documentId} />
        ) : person ? (
          <Conversation key={person.id} session={session} person={person} onAbout={() => setDialog('person')} />
        ) : (
          <Nobody first={people.length === 0} />
        )}
      </main>
      <Notice session={session} quiet={dialog === 'invite'} />
      {dialog === 'invite' && <InviteDialog session={session} invitation={invitation} onClose={close} />}
      {dialog === 'you' && <YouDialog session={session} onClose={close} />}
      {dialog === 'person' && person && <PersonDialog session={session} person={person} onClose={close} />}
    </div>
  )
}

function Nobody({ first }: { first: boolean }) {
  return (
    <div class="nobody">
      <span class="nobody-picture" aria-hidden="true">
        <Icon name={first ? 'invite' : 'chat'} />
      </span>
      <h2>{first ? text.firstTitle : text.pick}</h2>
      {first && <p>{text.firstHint}</p>}
    </div>
  )
}

/** What comes in is read only while this page is what the person looks at. */
function useOnScreen(session: Session, id: Parameters<Session['chats']['watch']>[0]) {
  useEffect(() => {
    const look = () => session.chats.watch(document.visibilityState === 'visible' && document.hasFocus() ? id : undefined)
    look()
    addEventListener('focus', look)
    addEventListener('blur', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      removeEventListener('focus', look)
      removeEventListener('blur', look)
      document.removeEventListener('visibilitychange', look)
    }
  }, [session, id])
}

function useTitle(unread: number) {
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${text.app}` : text.app
  }, [unread])
}

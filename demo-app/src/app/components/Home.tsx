/** People on one side, a conversation on the other; on a phone one at a time. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { CallButton } from '../../call/components/CallButton.tsx'
import { Conversation } from '../../chat/components/Conversation.tsx'
import { DocumentScreen } from '../../documents/components/DocumentScreen.tsx'
import { loadAhead } from '../../documents/load-ahead.ts'
import { InviteDialog } from '../../people/components/InviteDialog.tsx'
import { PersonDialog } from '../../people/components/PersonDialog.tsx'
import { Invitation } from '../../people/invitation.ts'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Services } from '../services.ts'
import { documentIn, personIn, showLists, shown, showPerson } from '../shown.ts'
import { text } from '../texts.ts'
import { Notice } from './Notice.tsx'
import { Sidebar } from './Sidebar.tsx'
import { YouDialog } from './YouDialog.tsx'

type OpenDialog = 'none' | 'invite' | 'you' | 'person'

export function Home({ services }: { services: Services }) {
  const people = useValue(services.people)
  const now = useValue(shown)
  const selectedId = personIn(now)
  const documentId = documentIn(now)
  const person = people.find(({ id }) => id === selectedId)
  const [dialog, setDialog] = useState<OpenDialog>('none')
  const invitation = useMemo(() => new Invitation(services.peer), [services])
  const close = () => setDialog('none')

  useEffect(loadAhead, [])
  useOnScreen(services, person?.id)
  useTitle(people.reduce((count, { unread }) => count + unread, 0))
  // Removed, here or in another tab of this profile. Right after an invitation the list is one turn behind the contacts.
  useEffect(() => {
    if (selectedId && !services.peer.contacts.get(selectedId)) showLists()
  }, [services, selectedId, people])

  return (
    <div class={person || documentId ? 'home with-person' : 'home'}>
      {!person && !documentId && <h1 class="unseen">{text.app}</h1>}
      <Sidebar services={services} people={people} onYou={() => setDialog('you')} onInvite={() => setDialog('invite')} />
      <main class="main" aria-label={person || documentId ? undefined : text.app}>
        {documentId ? (
          <DocumentScreen
            key={documentId}
            session={services}
            documents={services.documents}
            id={documentId}
            onClose={showLists}
          />
        ) : person ? (
          <Conversation
            key={person.id}
            chat={services.chats.of(person.id)}
            person={person}
            actions={<CallButton calls={services.calls} person={person} />}
            onAbout={() => setDialog('person')}
            onBack={showLists}
            onUnblock={() => services.peer.contacts.update(person.id, { trust: 'trusted' }).catch(reportError)}
          />
        ) : (
          <NothingOpen first={people.length === 0} />
        )}
      </main>
      <Notice services={services} quiet={dialog === 'invite'} />
      {dialog === 'invite' && <InviteDialog session={services} invitation={invitation} onClose={close} onTalk={showPerson} />}
      {dialog === 'you' && <YouDialog services={services} onClose={close} />}
      {dialog === 'person' && person && <PersonDialog session={services} person={person} onClose={close} onRemove={showLists} />}
    </div>
  )
}

function NothingOpen({ first }: { first: boolean }) {
  return (
    <div class="nothing-open">
      <span class="nothing-open-picture" aria-hidden="true">
        <Icon name={first ? 'invite' : 'chat'} />
      </span>
      <h2>{first ? text.firstTitle : text.pick}</h2>
      {first && <p>{text.firstHint}</p>}
    </div>
  )
}

/** Marks messages as read only while this page is visible and has the focus. */
function useOnScreen(services: Services, id: Parameters<Services['chats']['watch']>[0]) {
  useEffect(() => {
    const look = () => services.chats.watch(document.visibilityState === 'visible' && document.hasFocus() ? id : undefined)
    look()
    addEventListener('focus', look)
    addEventListener('blur', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      removeEventListener('focus', look)
      removeEventListener('blur', look)
      document.removeEventListener('visibilitychange', look)
    }
  }, [services, id])
}

function useTitle(unread: number) {
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${text.app}` : text.app
  }, [unread])
}

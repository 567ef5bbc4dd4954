/** Which screen: starting, sorry, a name, an invitation, or the people. */
import { useEffect, useState } from 'preact/hooks'
import { CallLayer } from '../call/components/CallLayer.tsx'
import { codeOf } from '../errors.ts'
import { useValue } from '../observable.ts'
import { forgetInvitation, invitationIn, readPlace } from '../place.ts'
import { type Session, setName, startSession } from '../session.ts'
import { text, why } from '../text.ts'
import { AcceptInvitation } from './AcceptInvitation.tsx'
import { FullPage } from './FullPage.tsx'
import { Home } from './Home.tsx'
import { Welcome } from './Welcome.tsx'

type Start = { at: 'starting' } | { at: 'ready'; session: Session } | { at: 'failed'; error: unknown }

export function App() {
  const [start, setStart] = useState<Start>({ at: 'starting' })
  useEffect(() => {
    startSession(readPlace(new URL(location.href))).then(
      (session) => setStart({ at: 'ready', session }),
      (error: unknown) => setStart({ at: 'failed', error }),
    )
  }, [])

  switch (start.at) {
    case 'starting':
      return <FullPage title={text.app} busy={text.starting} />
    case 'ready':
      return <Screens session={start.session} />
    case 'failed':
      return <Sorry error={start.error} />
  }
}

function Screens({ session }: { session: Session }) {
  const name = useValue(session.name)
  const [invitation, setInvitation] = useState(() => invitationIn(new URL(location.href)))

  // A link that is pasted into the address bar of this very page changes only the fragment.
  useEffect(() => {
    const look = () => setInvitation((known) => invitationIn(new URL(location.href)) ?? known)
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [])

  if (name === '') return <Welcome invited={invitation !== undefined} onName={(chosen) => setName(session, chosen)} />
  if (invitation !== undefined) {
    const leave = () => {
      forgetInvitation()
      setInvitation(undefined)
    }
    return <AcceptInvitation key={invitation} session={session} link={invitation} onDone={leave} />
  }
  return (
    <CallLayer session={session}>
      <Home session={session} />
    </CallLayer>
  )
}

function Sorry({ error }: { error: unknown }) {
  const code = codeOf(error)
  if (code === 'unsupported-environment') {
    const { title, insecure, old } = text.unsupported
    return <FullPage title={title} sentence={isSecureContext ? old : insecure(location.host)} alert />
  }
  const { title, sentence, again } = text.failed
  return <FullPage title={title} sentence={sentence(why(code))} action={{ label: again, run: () => location.reload() }} alert />
}

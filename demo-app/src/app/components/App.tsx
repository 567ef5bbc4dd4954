/** Which screen: starting, sorry, a name, an invitation, or the people. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { AcceptInvitation } from '../../arrival/components/AcceptInvitation.tsx'
import { CannotStart } from '../../arrival/components/CannotStart.tsx'
import { RelayQuestion } from '../../arrival/components/RelayQuestion.tsx'
import { Starting } from '../../arrival/components/Starting.tsx'
import { Welcome } from '../../arrival/components/Welcome.tsx'
import { CallLayer } from '../../call/components/CallLayer.tsx'
import { useValue } from '../../ui/observable.ts'
import { forgetInvitation, invitationIn, type Place, readPlace } from '../place.ts'
import { agree, choiceFor, decline, hostOf } from '../relay-choice.ts'
import { type Session, setName, startSession } from '../session.ts'
import { Home } from './Home.tsx'

type Start =
  | { at: 'starting' }
  /** A relay that the page's address names is not dialled before they say so. */
  | { at: 'first visit' | 'ask'; place: Place }
  | { at: 'ready'; session: Session }
  | { at: 'failed'; error: unknown }

export function App() {
  const [start, setStart] = useState<Start>({ at: 'starting' })
  const failed = (error: unknown) => setStart({ at: 'failed', error })
  // One for as long as the page is open: two peers of one profile compete. After a failure the page is loaded again.
  const starting = useRef<Promise<Session>>(undefined)
  const begin = (place: Place, ready: (session: Session) => void | Promise<void> = () => undefined): Promise<void> => {
    starting.current ??= startSession(place)
    return starting.current.then(async (session) => {
      await ready(session)
      setStart({ at: 'ready', session })
    }, failed)
  }
  useEffect(() => {
    const place = readPlace(new URL(location.href))
    choiceFor(place).then((choice) => (choice === 'settled' ? begin(place) : setStart({ at: choice, place })), failed)
  }, [])

  switch (start.at) {
    case 'starting':
      return <Starting />
    case 'first visit': {
      const { place } = start
      const meet = (name: string) =>
        begin(place, (session) => {
          agree(place)
          return setName(session, name)
        })
      const relay = hostOf(place.relay ?? '')
      return <Welcome invitation={invitationIn(new URL(location.href))} relay={relay} onName={meet} />
    }
    case 'ask': {
      const { place } = start
      const answer = (chosen: Place) => {
        setStart({ at: 'starting' })
        void begin(chosen, () => agree(chosen))
      }
      return (
        <RelayQuestion
          host={hostOf(place.relay ?? '') ?? ''}
          onKeep={() => answer(decline(place))}
          onMove={() => answer(place)}
        />
      )
    }
    case 'ready':
      return <Screens session={start.session} />
    case 'failed':
      return <CannotStart error={start.error} />
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

  if (name === '') return <Welcome invitation={invitation} onName={(chosen) => setName(session, chosen)} />
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

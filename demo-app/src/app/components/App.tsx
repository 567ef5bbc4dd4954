/** Which screen: starting, why it cannot start, a name, an invitation, or the people. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { AcceptInvitation } from '../../arrival/components/AcceptInvitation.tsx'
import { CannotStart } from '../../arrival/components/CannotStart.tsx'
import { RelayQuestion } from '../../arrival/components/RelayQuestion.tsx'
import { Starting } from '../../arrival/components/Starting.tsx'
import { Welcome } from '../../arrival/components/Welcome.tsx'
import { CallLayer } from '../../call/components/CallLayer.tsx'
import { setName } from '../../people/session.ts'
import { useValue } from '../../ui/observable.ts'
import { asAnotherPerson, forgetInvitation, invitationIn, type Place, readPlace } from '../place.ts'
import { agree, choiceFor, decline, hostOf } from '../relay-choice.ts'
import { type Services, startServices } from '../services.ts'
import { showPerson } from '../shown.ts'
import { Home } from './Home.tsx'

type Start =
  | { at: 'starting' }
  /** The page's address names a relay, which is not dialled before the person agrees. */
  | { at: 'first visit' | 'ask'; place: Place }
  | { at: 'ready'; services: Services }
  | { at: 'failed'; error: unknown }

export function App() {
  const [start, setStart] = useState<Start>({ at: 'starting' })
  const failed = (error: unknown) => setStart({ at: 'failed', error })
  // One for as long as the page is open: two peers of one profile compete. After a failure the page is loaded again.
  const starting = useRef<Promise<Services>>(undefined)
  const begin = (place: Place, ready: (services: Services) => void | Promise<void> = () => undefined): Promise<void> => {
    starting.current ??= startServices(place)
    return starting.current.then(async (services) => {
      await ready(services)
      setStart({ at: 'ready', services })
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
        begin(place, (services) => {
          agree(place)
          return setName(services, name)
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
      return <Screens services={start.services} />
    case 'failed':
      return <CannotStart error={start.error} />
  }
}

function Screens({ services }: { services: Services }) {
  const name = useValue(services.name)
  const [invitation, setInvitation] = useState(() => invitationIn(new URL(location.href)))

  // A link that is pasted into the address bar of this very page changes only the fragment.
  useEffect(() => {
    const look = () => setInvitation((known) => invitationIn(new URL(location.href)) ?? known)
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [])

  if (name === '') return <Welcome invitation={invitation} onName={(chosen) => setName(services, chosen)} />
  if (invitation !== undefined) {
    const leave = () => {
      forgetInvitation()
      setInvitation(undefined)
    }
    return (
      <AcceptInvitation
        key={invitation}
        session={services}
        link={invitation}
        another={asAnotherPerson(new URL(location.href))}
        onDone={leave}
        onAccepted={showPerson}
      />
    )
  }
  return (
    <CallLayer session={services} calls={services.calls}>
      <Home services={services} />
    </CallLayer>
  )
}

/** Shows calls over the page, which is inert while it is covered. */

import type { PeerId } from '@kith/sdk'
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Session } from '../../people/session.ts'
import { useValue } from '../../ui/observable.ts'
import { plainName } from '../../ui/plain.ts'
import type { Calls } from '../calls.ts'
import { switchByKey } from '../shortcuts.ts'
import { text } from '../texts.ts'
import { CallOver } from './CallOver.tsx'
import { CallScreen } from './CallScreen.tsx'
import { IncomingCall } from './IncomingCall.tsx'
import { Prepare } from './Prepare.tsx'

/** Long enough to read it twice. */
const NEWS_SHOWN_MS = 8_000

interface CallLayerProps {
  session: Session
  calls: Calls
  children: ComponentChildren
}

export function CallLayer({ session, calls, children }: CallLayerProps) {
  const state = useValue(calls.state)
  const incoming = useValue(calls.incoming)
  const isSmall = useValue(calls.isSmall)
  const people = useValue(session.people)
  const nameOf = (id: PeerId) =>
    people.find((person) => person.id === id)?.name ?? (plainName(session.peer.contacts.get(id)?.name ?? '') || text.someone)
  const isCovered = state.at !== 'none' && !isSmall
  useFocusBack(isCovered)
  useChords(calls, state.at === 'preparing' || state.at === 'calling' || state.at === 'talking')

  return (
    <>
      {incoming && <IncomingCall key={incoming.remote} calls={calls} id={incoming.remote} name={nameOf(incoming.remote)} />}
      <News calls={calls} nameOf={nameOf} />
      {state.at === 'preparing' && <Prepare calls={calls} id={state.with} name={nameOf(state.with)} />}
      {(state.at === 'calling' || state.at === 'talking') && (
        <CallScreen
          key={state.with}
          session={session}
          calls={calls}
          call={state.at === 'talking' ? state.call : undefined}
          id={state.with}
          name={nameOf(state.with)}
        />
      )}
      {state.at === 'over' && <CallOver calls={calls} id={state.with} name={nameOf(state.with)} why={state.why} />}
      <div class="under-call" inert={isCovered}>
        {children}
      </div>
    </>
  )
}

/** Events of calls, shown for a few seconds. */
function News({ calls: { news }, nameOf }: { calls: Calls; nameOf: (id: PeerId) => string }) {
  const now = useValue(news)
  useEffect(() => {
    if (!now) return
    const timer = setTimeout(() => news.set(undefined), NEWS_SHOWN_MS)
    return () => clearTimeout(timer)
  }, [now])
  return (
    <div class="notices call-news" role="status">
      {now && (
        <p class="notice">
          {now.what === 'unplugged' ? text.unplugged[now.device](now.by) : text.news[now.what](nameOf(now.who))}
        </p>
      )}
    </div>
  )
}

/** Keys for microphone and camera that work anywhere on the page. */
function useChords(calls: Calls, isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return
    const { microphone, camera } = calls.capture
    const onKeyDown = (event: KeyboardEvent) => switchByKey(event, [microphone, camera], 'chord')
    // In the capture phase, before an editor handles them.
    addEventListener('keydown', onKeyDown, { capture: true })
    return () => removeEventListener('keydown', onKeyDown, { capture: true })
  }, [calls, isOn])
}

/** When the page is uncovered again, the focus is where it was before. */
function useFocusBack(isCovered: boolean): void {
  const before = useRef<Element | null>(null)
  useLayoutEffect(() => {
    if (isCovered) before.current = document.activeElement
    else if (before.current instanceof HTMLElement) before.current.focus()
  }, [isCovered])
}

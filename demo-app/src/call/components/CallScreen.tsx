/** A call, ringing or answered: the other person large, me small, and the controls. */
import type { PeerId } from '@kith/sdk'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Session } from '../../people/session.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Calls } from '../calls.ts'
import type { LiveCall } from '../live-call.ts'
import { switchByKey } from '../shortcuts.ts'
import { text } from '../texts.ts'
import { Controls } from './Controls.tsx'
import { Pickers, Troubles } from './Devices.tsx'
import { Mine } from './Mine.tsx'
import { Status } from './Status.tsx'
import { Theirs } from './Theirs.tsx'

interface CallScreenProps {
  session: Session
  calls: Calls
  /** Undefined while it rings. */ call: LiveCall | undefined
  id: PeerId
  name: string
}

export function CallScreen({ session, calls, call, id, name }: CallScreenProps) {
  const { capture } = calls
  const isSmall = useValue(calls.isSmall)
  // The list changes with each connection; as long as there is none, nothing rings at their end.
  useValue(session.people)
  const isRinging = session.peer.connections.has(id)
  const [isChoosing, setChoosing] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (!isSmall) heading.current?.focus()
  }, [isSmall])
  // Large, it is the page; small, it lies on a page that has its own first heading.
  const Heading = isSmall ? 'h2' : 'h1'
  return (
    <section
      class={isSmall ? 'call live small' : 'call live'}
      aria-label={text.title(name)}
      onKeyDown={(event) => switchByKey(event, [capture.microphone, capture.camera], 'letter')}
    >
      <header class="call-header">
        <div class="call-who">
          <Heading ref={heading} tabIndex={-1} class="clip">
            {name}
          </Heading>
          {call ? (
            <Status session={session} call={call} />
          ) : (
            <p class="call-status" role="status">
              {isRinging ? text.calling : text.dialling}
            </p>
          )}
        </div>
        <button
          type="button"
          class="button icon-only quiet"
          onClick={() => calls.isSmall.set(!isSmall)}
          aria-label={isSmall ? text.enlarge : text.shrink}
          title={isSmall ? text.enlarge : text.shrink}
        >
          <Icon name={isSmall ? 'enlarge' : 'shrink'} />
        </button>
      </header>
      <div class="stage">
        {call ? (
          <Theirs call={call} speaker={capture.speaker} id={id} name={name} isSmall={isSmall} />
        ) : (
          <div class="tile theirs ringing">
            <Avatar id={id} name={name} size="large" />
          </div>
        )}
        <Mine capture={capture} size="small" />
      </div>
      <Troubles capture={capture} />
      <Controls calls={calls} isRinging={!call} onDevices={() => setChoosing(true)} />
      {isChoosing && (
        <Dialog title={text.devices} onClose={() => setChoosing(false)}>
          <Pickers capture={capture} />
        </Dialog>
      )}
    </section>
  )
}

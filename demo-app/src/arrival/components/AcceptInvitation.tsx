/** An invitation link was opened: asks whether to accept it, then shows progress, then why it failed and what to do. */
import type { ErrorCode, PeerId } from '@kith/sdk'
import { useEffect, useRef, useState } from 'preact/hooks'
import { codeOf } from '../../people/error-code.ts'
import type { Session } from '../../people/session.ts'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import { text as uiText } from '../../ui/texts.ts'
import { type Refusal, refusalFor, text } from '../texts.ts'
import { FullPage } from './FullPage.tsx'
import { LinkFacts } from './LinkFacts.tsx'

type Progress = { at: 'asking' } | { at: 'working' } | { at: 'refused'; refusal: Refusal; code: ErrorCode | undefined }

interface AcceptInvitationProps {
  session: Session
  link: string
  /** This page with this link, for another person of this browser. */ another: string
  /** The link is used, or not wanted. */ onDone: () => void
  onAccepted: (contact: PeerId) => void
}

export function AcceptInvitation({ session, link, another, onDone, onAccepted }: AcceptInvitationProps) {
  const name = useValue(session.name)
  const { relays } = useValue(session.status)
  const [progress, setProgress] = useState<Progress>({ at: 'asking' })
  const attempt = useRef<AbortController>(undefined)
  useEffect(() => () => attempt.current?.abort(), [])

  const accept = async () => {
    const trying = new AbortController()
    attempt.current = trying
    setProgress({ at: 'working' })
    try {
      const contact = await session.peer.accept(link, { signal: trying.signal })
      onDone()
      onAccepted(contact.id)
    } catch (error) {
      if (trying.signal.aborted) return
      const code = codeOf(error)
      if (code === undefined) reportError(error)
      setProgress({ at: 'refused', refusal: refusalFor(code, session.status.get().reach), code })
    }
  }

  const words = text.accept
  switch (progress.at) {
    case 'asking':
      return (
        <FullPage title={words.title} sentence={words.hint}>
          <div class="stack">
            <LinkFacts link={link} known={relays.map(({ url }) => new URL(url).host)} />
            <button type="button" class="button primary wide" onClick={accept}>
              {words.yes}
            </button>
            <button type="button" class="button quiet wide" onClick={onDone}>
              {words.no}
            </button>
            <p class="hint centered">
              {words.as(name)} <AnotherPerson page={another} />
            </p>
          </div>
        </FullPage>
      )
    case 'working':
      return (
        <FullPage title={words.title} busy={words.working}>
          <button
            type="button"
            class="button quiet wide"
            onClick={() => {
              attempt.current?.abort()
              setProgress({ at: 'asking' })
            }}
          >
            {uiText.cancel}
          </button>
        </FullPage>
      )
    case 'refused': {
      const { title, sentence, again } = progress.refusal
      return (
        <FullPage title={title} sentence={sentence} alert>
          <div class="stack">
            {again && (
              <button type="button" class="button primary wide" onClick={accept}>
                {words.again}
              </button>
            )}
            <button type="button" class={again ? 'button quiet wide' : 'button primary wide'} onClick={onDone}>
              {words.leave}
            </button>
            {progress.code === 'invalid-argument' && (
              <p class="hint centered">
                <AnotherPerson page={another} />
              </p>
            )}
          </div>
        </FullPage>
      )
    }
  }
}

function AnotherPerson({ page }: { page: string }) {
  return (
    <a class="link" href={page} target="_blank" rel="noopener">
      {text.accept.another}
      <Icon name="newTab" />
    </a>
  )
}

/** A document on the screen. Yjs, CodeMirror and the rest of this screen are loaded late. */

import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Session } from '../../people/session.ts'
import { Icon } from '../../ui/Icon.tsx'
import { plainName } from '../../ui/plain.ts'
import type { DocumentId } from '../document.ts'
import type { Library } from '../library.ts'
import type { LiveDocument } from '../live-document.ts'
import { text } from '../texts.ts'
import type { DocumentViewProps } from './DocumentView.tsx'

type Opening =
  | { at: 'opening' }
  | { at: 'open'; document: LiveDocument; View: ComponentType<DocumentViewProps> }
  | { at: 'failed' }

interface DocumentScreenProps {
  session: Session
  documents: Library
  id: DocumentId
  onClose: () => void
}

export function DocumentScreen({ session, documents, id, onClose }: DocumentScreenProps) {
  const [opening, setOpening] = useState<Opening>({ at: 'opening' })
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    let isWanted = true
    setOpening({ at: 'opening' })
    Promise.all([documents.open(id), import('./DocumentView.tsx')]).then(
      ([document, { DocumentView }]) => {
        if (isWanted) setOpening({ at: 'open', document, View: DocumentView })
      },
      (error: unknown) => {
        console.warn('A document could not be opened:', error)
        if (isWanted) setOpening({ at: 'failed' })
      },
    )
    return () => {
      isWanted = false
    }
  }, [documents, id, attempt])

  const title = plainName(documents.get(id)?.title ?? '') || text.untitled
  if (opening.at === 'open')
    return <opening.View session={session} documents={documents} document={opening.document} onClose={onClose} />
  return (
    <section class="document-screen" aria-label={title}>
      <header class="conversation-header">
        <button type="button" class="button icon-only quiet only-narrow" onClick={onClose} aria-label={text.back}>
          <Icon name="back" />
        </button>
        <h1 class="document-name clip">{title}</h1>
      </header>
      <div class="document-wait">
        {opening.at === 'opening' ? (
          <p class="busy" role="status">
            <span class="spinner" aria-hidden="true" />
            {text.opening}
          </p>
        ) : (
          <div class="stack centered" role="alert">
            <p>{text.openFailed}</p>
            <button type="button" class="button" onClick={() => setAttempt((count) => count + 1)}>
              {text.openAgain}
            </button>
          </div>
        )}
      </div>
    </section>
  )
}

/** An open document: its title, who has it open, its state, and the text. */

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Session } from '../../people/session.ts'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import { plainName } from '../../ui/plain.ts'
import { TEXT_MAX_LENGTH, TextEditor } from '../editor/editor.tsx'
import type { Library } from '../library.ts'
import type { Keeping, LiveDocument } from '../live-document.ts'
import { nameOf } from '../names.ts'
import { type Standing, standingOf } from '../standing.ts'
import { text } from '../texts.ts'
import { AboutDialog } from './AboutDialog.tsx'
import { Company } from './Company.tsx'
import { ShareDialog } from './ShareDialog.tsx'
import { TitleField } from './TitleField.tsx'

export interface DocumentViewProps {
  session: Session
  documents: Library
  document: LiveDocument
  onClose: () => void
}

/** Milliseconds that a state must last to be shown: between two letters the text is sent and merged. */
const CALM_MS = 500

/** Milliseconds of a write before 'Saving…' is shown: most take less. */
const SLOW_WRITE_MS = 400

export function DocumentView({ session, documents, document, onClose }: DocumentViewProps) {
  const people = useValue(session.people)
  const name = useValue(session.name)
  const present = useValue(document.present)
  const lines = useValue(document.lines)
  const status = useValue(session.status)
  const keepingNow = useValue(document.keeping)
  const keeping = useSettled(keepingNow)
  const entry = useValue(documents.entries).find(({ id }) => id === document.id)
  const [dialog, setDialog] = useState<'none' | 'share' | 'about'>('none')
  const [isFull, setFull] = useState(false)
  const focusText = useRef<() => void>(() => undefined)
  useEffect(() => {
    document.show(name)
    return () => document.hide()
  }, [document, name])
  // Removed here, or in another tab of this profile.
  useEffect(() => {
    if (!entry) onClose()
  }, [entry])
  const standing = useCalm(standingOf(keeping, documents.saved, entry?.members ?? [], lines, people, status))
  // States that change with each letter are shown, but not announced by screen readers.
  const spoken = useRef('')
  if (!standing.isPassing && keeping !== 'keeping') spoken.current = standing.words
  if (!entry) return null

  const title = plainName(entry.title) || text.untitled
  const close = () => setDialog('none')
  return (
    <section class="document-screen" aria-label={title}>
      <header class="conversation-header document-header">
        <button type="button" class="button icon-only quiet only-narrow" onClick={onClose} aria-label={text.back}>
          <Icon name="back" />
        </button>
        <div class="conversation-who">
          <TitleField title={document.title} onEnter={() => focusText.current()} />
          {/* The text may still be 'Saved' while a letter is being written; aria-busy is exact. */}
          <p class={`document-standing ${standing.tone}`} title={standing.words} aria-busy={keepingNow === 'keeping'}>
            {standing.words}
          </p>
          <p class="unseen" role="status">
            {spoken.current}
          </p>
        </div>
        <Company members={entry.members} present={present} people={people} />
        <button type="button" class="button document-share" onClick={() => setDialog('share')}>
          <Icon name="invite" />
          <span>{text.share.open}</span>
        </button>
        <button type="button" class="button icon-only quiet" onClick={() => setDialog('about')} aria-label={text.about.open}>
          <Icon name="more" />
        </button>
      </header>
      <div class="document-note" role="alert">
        {isFull && (
          <p class="warning">
            <Icon name="warn" />
            <span>{text.tooLong(TEXT_MAX_LENGTH.toLocaleString('en'))}</span>
          </p>
        )}
      </div>
      <TextEditor
        document={document}
        label={text.editor(title)}
        nameOf={(id, said) => nameOf(people, id, said)}
        onFull={setFull}
        focusRef={focusText}
      />
      {dialog === 'share' && <ShareDialog documents={documents} people={people} entry={entry} onClose={close} />}
      {dialog === 'about' && (
        <AboutDialog
          documents={documents}
          people={people}
          entry={entry}
          written={document.text.toString()}
          onClose={close}
          onRemove={onClose}
        />
      )}
    </section>
  )
}

function useSettled(keeping: Keeping): Keeping {
  const [shown, setShown] = useState(keeping)
  useEffect(() => {
    const timer = setTimeout(() => setShown(keeping), keeping === 'keeping' ? SLOW_WRITE_MS : 0)
    return () => clearTimeout(timer)
  }, [keeping])
  return shown
}

/** Shows a passing state at once, and keeps it until another state has lasted for a moment: text must not flicker with each letter. */
function useCalm(standing: Standing): Standing {
  const [shown, setShown] = useState(standing)
  const delayMs = shown.isPassing && !standing.isPassing && standing.tone === 'good' ? CALM_MS : 0
  useEffect(() => {
    if (delayMs === 0) {
      setShown(standing)
      return
    }
    const timer = setTimeout(() => setShown(standing), delayMs)
    return () => clearTimeout(timer)
  }, [standing.words, delayMs])
  return delayMs === 0 ? standing : shown
}

/** Shares a document with people. */

import type { PeerId } from '@kith/sdk'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Person } from '../../people/people.ts'
import { text as peopleText } from '../../people/texts.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Icon } from '../../ui/Icon.tsx'
import type { DocumentEntry } from '../document.ts'
import type { Library } from '../library.ts'
import { text } from '../texts.ts'

interface ShareDialogProps {
  documents: Library
  people: readonly Person[]
  entry: DocumentEntry
  onClose: () => void
}

export function ShareDialog({ documents, people, entry, onClose }: ShareDialogProps) {
  const [givenNow, setGivenNow] = useState<PeerId>()
  const words = text.share
  const give = (id: PeerId) => {
    setGivenNow(id)
    documents.share(entry.id, id).catch(reportError)
  }
  const able = people.filter(({ id, trust }) => trust !== 'blocked' || entry.members.includes(id))
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div class="stack">
        <p class="hint">{able.length > 0 ? words.hint : words.noPeople}</p>
        <ul class="share-list">
          {able.map(({ id, name, online }) => {
            const isGiven = entry.members.includes(id)
            return (
              <li key={id} class="share-one">
                <Avatar id={id} name={name} online={online} />
                <span class="person-words">
                  <span class="person-name clip">{name}</span>
                  <span class="share-presence">
                    {online ? peopleText.list.online : peopleText.list.away}
                    {isGiven && entry.behind.includes(id) && !online && `, ${words.waits}`}
                  </span>
                </span>
                {isGiven ? (
                  <Given isNow={id === givenNow} />
                ) : (
                  <button type="button" class="button small" aria-label={words.giveTo(name)} onClick={() => give(id)}>
                    {words.give}
                  </button>
                )}
              </li>
            )
          })}
        </ul>
      </div>
    </Dialog>
  )
}

/** `isNow`: it replaces the button that was just pressed, and takes its focus. */
function Given({ isNow }: { isNow: boolean }) {
  const given = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    if (isNow) given.current?.focus()
  }, [])
  return (
    <span ref={given} class="share-given" tabIndex={-1}>
      <Icon name="check" />
      {text.share.given}
    </span>
  )
}

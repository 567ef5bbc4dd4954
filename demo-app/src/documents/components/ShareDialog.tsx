/** Whom to write it with. */
import { Avatar } from '../../components/Avatar.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { Icon } from '../../components/Icon.tsx'
import type { Person } from '../../people.ts'
import type { Session } from '../../session.ts'
import { text } from '../../text.ts'
import type { DocumentEntry } from '../document.ts'

interface ShareDialogProps {
  session: Session
  people: readonly Person[]
  entry: DocumentEntry
  onClose: () => void
}

export function ShareDialog({ session, people, entry, onClose }: ShareDialogProps) {
  const words = text.documents.share
  const able = people.filter(({ id, trust }) => trust !== 'blocked' || entry.members.includes(id))
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div class="stack">
        <p class="hint">{able.length > 0 ? words.hint : words.nobody}</p>
        <ul class="share-list">
          {able.map(({ id, name, online }) => {
            const isGiven = entry.members.includes(id)
            return (
              <li key={id} class="share-one">
                <Avatar id={id} name={name} online={online} />
                <span class="person-words">
                  <span class="person-name clip">{name}</span>
                  <span class="share-presence">
                    {online ? text.people.online : text.people.away}
                    {isGiven && entry.behind.includes(id) && !online && `, ${words.waits}`}
                  </span>
                </span>
                {isGiven ? (
                  <span class="share-given" role="status">
                    <Icon name="check" />
                    {words.given}
                  </span>
                ) : (
                  <button
                    type="button"
                    class="button small"
                    aria-label={words.giveTo(name)}
                    onClick={() => session.documents.share(entry.id, id).catch(reportError)}
                  >
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

/** What I keep about a contact: my name for them, their trust, the safety number, and their removal. */
import type { Trust } from '@kith/sdk'
import { useState } from 'preact/hooks'
import { CopyField } from '../../ui/CopyField.tsx'
import { useNow } from '../../ui/clock.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { ago, dateOf } from '../../ui/dates.ts'
import { RemoveDialog } from '../../ui/RemoveDialog.tsx'
import type { Person } from '../people.ts'
import type { Session } from '../session.ts'
import { text } from '../texts.ts'
import { NameForm } from './NameForm.tsx'
import { SafetyNumber } from './SafetyNumber.tsx'

interface PersonDialogProps {
  session: Session
  person: Person
  onClose: () => void
  /** They are being removed. */ onRemove: () => void
}

export function PersonDialog({ session, person, onClose, onRemove }: PersonDialogProps) {
  const [removing, setRemoving] = useState(false)
  const now = useNow()
  const words = text.person
  const { contacts } = session.peer
  const { id, name, trust, addedAt, lastSeenAt } = person
  const remove = () => {
    onClose()
    onRemove()
    contacts.remove(id).catch(reportError)
  }
  if (removing) {
    return (
      <RemoveDialog
        words={{ title: words.removeTitle(name), sentence: words.removeHint, yes: words.removeYes, no: words.removeNo }}
        onRemove={remove}
        onKeep={() => setRemoving(false)}
        onClose={onClose}
      />
    )
  }
  const hints: Record<Trust, string> = { trusted: words.trustedHint, known: words.knownHint, blocked: words.blockedHint(name) }
  return (
    <Dialog title={words.title(name)} onClose={onClose}>
      <div class="stack">
        <NameForm
          label={words.name}
          save={words.save}
          saved={words.saved}
          name={contacts.get(id)?.name ?? name}
          onSave={(chosen) => contacts.update(id, { name: chosen })}
        />
        <fieldset class="trust">
          <legend class="field-label">{words.trust}</legend>
          <div class="segments">
            {(['trusted', 'known', 'blocked'] as const).map((level) => (
              <label class="segment" key={level}>
                <input
                  type="radio"
                  name="trust"
                  value={level}
                  checked={trust === level}
                  aria-describedby="trust-hint"
                  onChange={() => contacts.update(id, { trust: level }).catch(reportError)}
                />
                <span>{words[level]}</span>
              </label>
            ))}
          </div>
          <p class="hint" id="trust-hint">
            {hints[trust]}
          </p>
        </fieldset>
        <div class="stack tight">
          <span class="field-label">{words.id}</span>
          <CopyField label={words.id} value={id} action={words.copy} actionName={words.copyId} whole />
        </div>
        <SafetyNumber session={session} id={id} name={name} />
        <div class="dialog-foot">
          <p class="hint">
            {words.added(dateOf(addedAt))}
            {lastSeenAt !== undefined && (
              <>
                <br />
                {words.lastSeen(ago(lastSeenAt, now))}
              </>
            )}
          </p>
          <button type="button" class="button small danger" onClick={() => setRemoving(true)}>
            {words.remove}
          </button>
        </div>
      </div>
    </Dialog>
  )
}

/** A name and a button to save it: mine, or my name for a contact. */
import { useState } from 'preact/hooks'
import { text } from '../../ui/texts.ts'

/** UTF-16 units; the SDK's own limit for names. */
export const NAME_MAX_LENGTH = 64

interface NameFormProps {
  label: string
  save: string
  saved: string
  name: string
  onSave: (name: string) => Promise<unknown>
}

export function NameForm({ label, save, saved, name, onSave }: NameFormProps) {
  const [edited, setEdited] = useState(name)
  const [outcome, setOutcome] = useState<'none' | 'saved' | 'failed'>('none')
  const chosen = edited.trim()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (chosen === '' || chosen === name) return
    onSave(chosen).then(
      () => setOutcome('saved'),
      (error: unknown) => {
        reportError(error)
        setOutcome('failed')
      },
    )
  }
  return (
    <form class="stack tight" onSubmit={submit}>
      <label class="field">
        <span class="field-label">{label}</span>
        <span class="joined">
          <input
            class="input"
            maxLength={NAME_MAX_LENGTH}
            required
            autocomplete="off"
            value={edited}
            onInput={(event) => {
              setEdited(event.currentTarget.value)
              setOutcome('none')
            }}
          />
          <button type="submit" class="button" disabled={chosen === '' || chosen === name}>
            {save}
          </button>
        </span>
      </label>
      <p class="hint" role="status">
        {outcome === 'saved' ? saved : outcome === 'failed' ? text.failed : ''}
      </p>
    </form>
  )
}

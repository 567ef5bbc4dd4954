/** Text to copy: shown whole, selected on focus, copied with a button. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from './Icon.tsx'
import { text } from './texts.ts'

/** How long the button shows that it worked. */
const COPIED_MS = 2_000

interface CopyFieldProps {
  label: string
  value: string
  /** The button's label. */ action: string
  /** The button's accessible name, where its label is too short. */ actionName?: string
  /** The value is shown to its end, over several lines. */ whole?: boolean
  /** The button is the main thing to do here. */ primary?: boolean
}

export function CopyField({ label, value, action, actionName, whole, primary }: CopyFieldProps) {
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null)
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'failed'>('none')
  useEffect(() => {
    if (outcome !== 'copied') return
    const timer = setTimeout(() => setOutcome('none'), COPIED_MS)
    return () => clearTimeout(timer)
  }, [outcome])
  const Field = whole ? 'textarea' : 'input'
  const select = () => field.current?.select()
  const copy = () => {
    navigator.clipboard.writeText(value).then(
      () => setOutcome('copied'),
      () => {
        // The browser did not allow it: the person can copy the selection.
        field.current?.focus()
        field.current?.select()
        setOutcome('failed')
      },
    )
  }
  return (
    <div class="field">
      <span class="joined">
        <Field
          ref={field}
          class={whole ? 'input mono whole' : 'input mono'}
          readOnly
          aria-label={label}
          value={value}
          onFocus={select}
          onClick={select}
        />
        <button
          type="button"
          class={primary ? 'button primary' : 'button'}
          onClick={copy}
          aria-label={outcome === 'none' ? actionName : undefined}
        >
          <Icon name={outcome === 'copied' ? 'check' : 'copy'} />
          {outcome === 'copied' ? text.copy.copied : action}
        </button>
      </span>
      <span class="hint" role="status">
        {outcome === 'failed' ? text.copy.failed : outcome === 'copied' ? <span class="unseen">{text.copy.copied}</span> : ''}
      </span>
    </div>
  )
}

/** Text to be taken elsewhere: shown whole, selected with a touch, copied with a button. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { text } from '../text.ts'
import { Icon } from './Icon.tsx'

/** How long the button says that it worked. */
const COPIED_MS = 2_000

interface CopyFieldProps {
  label: string
  value: string
  /** What the button is called. */ action: string
  /** The button is the main thing to do here. */ primary?: boolean
}

export function CopyField({ label, value, action, primary }: CopyFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'failed'>('none')
  useEffect(() => {
    if (outcome !== 'copied') return
    const timer = setTimeout(() => setOutcome('none'), COPIED_MS)
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = () => {
    navigator.clipboard.writeText(value).then(
      () => setOutcome('copied'),
      () => {
        // The browser did not allow it: the person can, from the selection.
        field.current?.focus()
        field.current?.select()
        setOutcome('failed')
      },
    )
  }
  return (
    <div class="field">
      <span class="joined">
        <input
          ref={field}
          class="input mono"
          readOnly
          aria-label={label}
          value={value}
          onFocus={(event) => event.currentTarget.select()}
          onClick={(event) => event.currentTarget.select()}
        />
        <button type="button" class={primary ? 'button primary' : 'button'} onClick={copy}>
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

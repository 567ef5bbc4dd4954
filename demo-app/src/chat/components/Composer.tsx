/** Where a message is written. Enter sends, Shift+Enter begins a new line. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../../ui/Icon.tsx'
import { text } from '../texts.ts'
import { TEXT_MAX_LENGTH } from '../wire.ts'

export function Composer({ name, onSay }: { name: string; onSay: (said: string) => Promise<void> }) {
  const [draft, setDraft] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  const empty = draft.trim() === ''

  // On a phone this would open the keyboard over what the person came to read.
  useEffect(() => {
    if (!matchMedia('(pointer: coarse)').matches) field.current?.focus()
  }, [])
  // As tall as what is in it; the stylesheet says how tall at most.
  useLayoutEffect(() => {
    const box = field.current
    if (!box) return
    box.style.height = 'auto'
    box.style.height = `${box.scrollHeight}px`
  }, [draft])

  const say = () => {
    if (empty) return
    setDraft('')
    onSay(draft.trim()).catch(reportError)
    field.current?.focus()
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        say()
      }}
    >
      <textarea
        ref={field}
        class="composer-field"
        rows={1}
        maxLength={TEXT_MAX_LENGTH}
        aria-label={text.placeholder(name)}
        placeholder={text.placeholder(name)}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          // While an input method composes, Enter chooses a word.
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          say()
        }}
      />
      <button type="submit" class="button primary icon-only round" disabled={empty} aria-label={text.send}>
        <Icon name="send" />
      </button>
      {draft.length >= TEXT_MAX_LENGTH && (
        <p class="composer-limit" role="status">
          {text.tooLong(TEXT_MAX_LENGTH.toLocaleString())}
        </p>
      )}
    </form>
  )
}

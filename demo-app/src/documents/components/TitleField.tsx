/** The title, which two people may edit at once, as the text. */
import { useEffect, useReducer, useRef } from 'preact/hooks'
import type * as Y from 'yjs'
import { TITLE_MAX_LENGTH } from '../document.ts'
import { replaceText } from '../editor/replace-text.ts'
import { text } from '../texts.ts'

/** `onEnter`: moves the focus to the text. */
export function TitleField({ title, onEnter }: { title: Y.Text; onEnter: () => void }) {
  const [, render] = useReducer((count: number) => count + 1, 0)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const changed = () => render(undefined)
    title.observe(changed)
    // In a new document the title has the focus first, except where a phone's keyboard would cover the page.
    if (title.length === 0 && !matchMedia('(pointer: coarse)').matches) field.current?.focus()
    return () => title.unobserve(changed)
  }, [title])
  return (
    <h1 class="document-name">
      <input
        ref={field}
        class="document-name-field"
        aria-label={text.titleField}
        placeholder={text.untitled}
        maxLength={TITLE_MAX_LENGTH}
        autocomplete="off"
        value={title.toString()}
        onInput={(event) => replaceText(title, event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.isComposing) onEnter()
        }}
      />
    </h1>
  )
}

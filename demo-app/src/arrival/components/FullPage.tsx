/** A page with one message and at most one main action. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Logo } from '../../ui/Icon.tsx'
import { text } from '../texts.ts'

interface FullPageProps {
  title: string
  sentence?: string
  /** Shown beside a spinner. */ busy?: string
  /** Screen readers announce it at once. */ alert?: boolean
  action?: { label: string; run: () => void }
  children?: ComponentChildren
}

export function FullPage({ title, sentence, busy, alert, action, children }: FullPageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  // A new screen gives the focus to its heading, so that screen readers begin there.
  useEffect(() => {
    document.title = text.app
    if (!document.querySelector('[autofocus]')) heading.current?.focus()
  }, [title])
  return (
    <main class="page">
      <div class="page-card">
        <div class="page-brand">
          <Logo />
          <span>{text.app}</span>
        </div>
        <div role={alert ? 'alert' : undefined} class="page-words">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {sentence && <p class="page-sentence">{sentence}</p>}
        </div>
        {busy && (
          <p class="busy" role="status">
            <span class="spinner" aria-hidden="true" />
            {busy}
          </p>
        )}
        {children}
        {action && (
          <button type="button" class="button primary wide" onClick={action.run}>
            {action.label}
          </button>
        )}
      </div>
    </main>
  )
}

/** A page with one thing to say, and perhaps one thing to do. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Logo } from '../../ui/Icon.tsx'
import { text } from '../texts.ts'

interface FullPageProps {
  title: string
  sentence?: string
  /** Something is going on. */ busy?: string
  /** Told at once to whoever listens rather than looks. */ alert?: boolean
  action?: { label: string; run: () => void }
  children?: ComponentChildren
}

export function FullPage({ title, sentence, busy, alert, action, children }: FullPageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  // A new screen begins at its heading, also for whoever listens to it.
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

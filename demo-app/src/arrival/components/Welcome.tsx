/** The first start: asks for a name. */
import { useState } from 'preact/hooks'
import { NAME_MAX_LENGTH } from '../../people/components/NameForm.tsx'
import { text as uiText } from '../../ui/texts.ts'
import { text } from '../texts.ts'
import { FullPage } from './FullPage.tsx'
import { LinkFacts } from './LinkFacts.tsx'

interface WelcomeProps {
  /** The link that brought them here, if any. */ invitation: string | undefined
  /** The relay that the page's address names; it is not dialled yet. */ relay?: string | undefined
  onName: (name: string) => Promise<void>
}

export function Welcome({ invitation, relay, onName }: WelcomeProps) {
  const invited = invitation !== undefined
  const [name, setName] = useState('')
  const [progress, setProgress] = useState<'none' | 'working' | 'failed'>('none')
  const words = text.welcome
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const chosen = name.trim()
    if (chosen === '' || progress === 'working') return
    setProgress('working')
    onName(chosen).then(
      () => setProgress('none'),
      (error: unknown) => {
        reportError(error)
        setProgress('failed')
      },
    )
  }
  return (
    <FullPage title={invited ? words.invitedTitle : words.title} sentence={invited ? words.invited : text.tagline}>
      <form class="stack" onSubmit={submit}>
        {invited && <LinkFacts link={invitation} />}
        <label class="field">
          <span class="field-label">{words.label}</span>
          <input
            class="input large"
            name="name"
            autocomplete="name"
            autofocus
            required
            maxLength={NAME_MAX_LENGTH}
            placeholder={words.placeholder}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            aria-describedby="name-hint"
          />
        </label>
        <p class="hint" id="name-hint">
          {words.hint}
        </p>
        {relay !== undefined && <p class="hint">{words.relay(relay)}</p>}
        {progress === 'failed' && (
          <p class="problem" role="alert">
            {uiText.failed}
          </p>
        )}
        <button type="submit" class="button primary wide" disabled={name.trim() === '' || progress === 'working'}>
          {invited ? words.goInvited : words.go}
        </button>
      </form>
    </FullPage>
  )
}

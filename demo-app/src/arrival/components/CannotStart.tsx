/** Why the page cannot start, and what to do about it. */
import { codeOf } from '../../people/error-code.ts'
import { errorWords } from '../../people/texts.ts'
import { text } from '../texts.ts'
import { FullPage } from './FullPage.tsx'

export function CannotStart({ error }: { error: unknown }) {
  const code = codeOf(error)
  if (code === 'unsupported-environment') {
    const { title, insecure, old } = text.unsupported
    return <FullPage title={title} sentence={isSecureContext ? old : insecure(location.host)} alert />
  }
  const { title, sentence, again } = text.failed
  return (
    <FullPage title={title} sentence={sentence(errorWords(code))} action={{ label: again, run: () => location.reload() }} alert />
  )
}

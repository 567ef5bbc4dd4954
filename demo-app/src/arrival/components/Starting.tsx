import { text } from '../texts.ts'
import { FullPage } from './FullPage.tsx'

export function Starting() {
  return <FullPage title={text.app} busy={text.starting} />
}

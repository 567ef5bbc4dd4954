/** The last entry of a conversation, in one line. */
import { plainText } from '../../ui/plain.ts'
import { type Entry, isMessage } from '../history.ts'
import { text } from '../texts.ts'
import { CallWords } from './CallLine.tsx'

export function Preview({ last }: { last: Entry | undefined }) {
  if (!last) return text.preview.noMessages
  if (!isMessage(last)) return <CallWords call={last.call} />
  return last.author === 'me' ? text.preview.mine(plainText(last.text)) : plainText(last.text)
}

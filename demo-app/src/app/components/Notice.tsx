/** A sentence at the edge of the page when someone has come, gone after a while. */

import { useEffect, useState } from 'preact/hooks'
import { opened } from '../../documents/place.ts'
import { plainName } from '../../ui/plain.ts'
import type { Session } from '../session.ts'
import { text } from '../texts.ts'

/** Long enough to read it twice. */
const SHOWN_MS = 6_000

/** `quiet`: something else on the screen says so already. */
export function Notice({ session, quiet }: { session: Session; quiet: boolean }) {
  const [words, setWords] = useState('')
  useEffect(
    () =>
      session.peer.on('contact', ({ change, contact }) => {
        if (change === 'added' && !quiet) setWords(text.notices.arrived(plainName(contact.name)))
      }),
    [session, quiet],
  )
  useEffect(
    () =>
      session.documents.arrived.on(() => {
        const from = session.documents.arrived.get()?.from
        const contact = from && session.peer.contacts.get(from)
        if (contact) setWords(text.notices.shared(plainName(contact.name)))
      }),
    [session],
  )
  // Whoever has it before them needs no telling.
  useEffect(
    () =>
      opened.on(() => {
        if (opened.get() === session.documents.arrived.get()?.id) setWords('')
      }),
    [session],
  )
  useEffect(() => {
    if (words === '') return
    const timer = setTimeout(() => setWords(''), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [words])
  return (
    <div class="notices" role="status">
      {words !== '' && <p class="notice">{words}</p>}
    </div>
  )
}

/** A notice at the edge of the page, for a few seconds: a new contact, or a document that was shared with me. */

import { useEffect, useState } from 'preact/hooks'
import { plainName } from '../../ui/plain.ts'
import type { Services } from '../services.ts'
import { documentIn, shown } from '../shown.ts'
import { text } from '../texts.ts'

/** Long enough to read it twice. */
const SHOWN_MS = 6_000

/** `quiet`: the invitation dialog already shows a new contact. */
export function Notice({ services, quiet }: { services: Services; quiet: boolean }) {
  const [words, setWords] = useState('')
  useEffect(
    () =>
      services.peer.on('contact', ({ change, contact }) => {
        if (change === 'added' && !quiet) setWords(text.notices.arrived(plainName(contact.name)))
      }),
    [services, quiet],
  )
  useEffect(
    () =>
      services.documents.arrived.on(() => {
        const from = services.documents.arrived.get()?.from
        const contact = from && services.peer.contacts.get(from)
        if (contact) setWords(text.notices.shared(plainName(contact.name)))
      }),
    [services],
  )
  // A document that is already open needs no notice.
  useEffect(
    () =>
      shown.on(() => {
        if (documentIn(shown.get()) === services.documents.arrived.get()?.id) setWords('')
      }),
    [services],
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

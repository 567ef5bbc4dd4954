/** Facts about a document, a download of its text, and its removal. */

import { useState } from 'preact/hooks'
import type { Person } from '../../people/people.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { dateOf, momentOf } from '../../ui/dates.ts'
import { Icon } from '../../ui/Icon.tsx'
import { plainName } from '../../ui/plain.ts'
import { RemoveDialog } from '../../ui/RemoveDialog.tsx'
import type { DocumentEntry } from '../document.ts'
import type { Library } from '../library.ts'
import { listOf, nameOf } from '../names.ts'
import { text } from '../texts.ts'

interface AboutDialogProps {
  documents: Library
  people: readonly Person[]
  entry: DocumentEntry
  written: string
  onClose: () => void
  /** It is being removed. */ onRemove: () => void
}

export function AboutDialog({ documents, people, entry, written, onClose, onRemove }: AboutDialogProps) {
  const [removing, setRemoving] = useState(false)
  const words = text.about
  const title = plainName(entry.title) || text.untitled
  const names = listOf(entry.members.map((member) => nameOf(people, member)))
  if (removing) {
    const remove = () => {
      onClose()
      onRemove()
      documents.leave(entry.id).catch(reportError)
    }
    const sentence = names ? words.removeShared(names) : words.removeAlone
    return (
      <RemoveDialog
        words={{ title: words.removeTitle(title), sentence, yes: words.removeYes, no: words.removeNo }}
        onRemove={remove}
        onKeep={() => setRemoving(false)}
        onClose={onClose}
      />
    )
  }
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div class="stack">
        <ul class="about-facts">
          <li>{names ? text.people(names) : text.alone}</li>
          <li>{words.length(written.match(/[\p{L}\p{N}]\S*/gu)?.length ?? 0)}</li>
          <li>{words.created(dateOf(entry.createdAt))}</li>
          <li>{words.changed(momentOf(entry.changedAt))}</li>
        </ul>
        <div class="dialog-foot">
          <button type="button" class="button small" onClick={() => download(`${title}.md`, written)}>
            <Icon name="download" />
            {words.download}
          </button>
          <button type="button" class="button small danger" onClick={() => setRemoving(true)}>
            {words.remove}
          </button>
        </div>
      </div>
    </Dialog>
  )
}

function download(name: string, written: string): void {
  const url = URL.createObjectURL(new Blob([written], { type: 'text/markdown' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name.replaceAll(/[\\/:*?"<>|]/g, '-').replaceAll(/[\u2068\u2069]/g, '')
  link.click()
  // The download has begun by the next turn.
  setTimeout(() => URL.revokeObjectURL(url))
}

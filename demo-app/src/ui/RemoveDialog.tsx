/** Asks before something is deleted. */
import { Dialog } from './Dialog.tsx'

interface RemoveDialogProps {
  words: { readonly title: string; readonly sentence: string; readonly yes: string; readonly no: string }
  onRemove: () => void
  onKeep: () => void
  onClose: () => void
}

export function RemoveDialog({ words, onRemove, onKeep, onClose }: RemoveDialogProps) {
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div class="stack">
        <p>{words.sentence}</p>
        <div class="choices">
          <button type="button" class="button wide" onClick={onKeep}>
            {words.no}
          </button>
          <button type="button" class="button wide danger solid" onClick={onRemove}>
            {words.yes}
          </button>
        </div>
      </div>
    </Dialog>
  )
}

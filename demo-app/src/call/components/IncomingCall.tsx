/** An incoming call: who calls, and the buttons to answer. */
import { useEffect, useId, useRef } from 'preact/hooks'
import { Avatar } from '../../ui/Avatar.tsx'
import { Icon } from '../../ui/Icon.tsx'
import type { Calls } from '../calls.ts'
import { text } from '../texts.ts'

export function IncomingCall({ calls, id, name }: { calls: Calls; id: string; name: string }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  const words = text.incoming
  useEffect(() => {
    const shown = dialog.current
    if (!shown) return
    // The focus stays where it is, so that the next key does not answer the call. Over a modal dialog only another modal one is usable.
    if (document.querySelector(':modal')) shown.showModal()
    else shown.open = true
    return () => shown.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      class="incoming-call"
      role="alertdialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        calls.decline()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') calls.decline()
      }}
    >
      <Avatar id={id} name={name} />
      <div class="incoming-call-words" role="alert">
        <h2 id={titleId} tabIndex={-1} autofocus>
          {words.words(name)}
        </h2>
        <p class="hint">{words.hint}</p>
      </div>
      <div class="incoming-call-answers">
        <button type="button" class="button danger solid" onClick={() => calls.decline()}>
          <Icon name="hangUp" />
          {words.decline}
        </button>
        <button type="button" class="button good solid" onClick={() => calls.accept()}>
          <Icon name="camera" />
          {words.accept}
        </button>
      </div>
    </dialog>
  )
}

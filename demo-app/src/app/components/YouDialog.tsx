/** Me: my name, my PeerId, how my identity is stored, and the other profiles of this browser. */

import { NameForm } from '../../people/components/NameForm.tsx'
import { setName } from '../../people/session.ts'
import { CopyField } from '../../ui/CopyField.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import { asAnotherPerson, DEFAULT_PROFILE } from '../place.ts'
import type { Services } from '../services.ts'
import { text } from '../texts.ts'
import { storageWhy } from './StatusLine.tsx'

export function YouDialog({ services, onClose }: { services: Services; onClose: () => void }) {
  const name = useValue(services.name)
  const { storage } = useValue(services.status)
  const words = text.you
  const kept = {
    persistent: text.storage.persistent,
    'best-effort': text.storage.bestEffort,
    session: text.storage.session(storageWhy(storage.error)),
  }[storage.state]
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div class="stack">
        <NameForm
          label={words.name}
          save={words.save}
          saved={words.saved}
          name={name}
          onSave={(chosen) => setName(services, chosen)}
        />
        <div class="stack tight">
          <span class="field-label">{words.id}</span>
          <CopyField label={words.id} value={services.peer.id} action={words.copy} actionName={words.copyId} whole />
          <p class="hint">{words.idHint}</p>
        </div>
        <div class="stack tight">
          <span class="field-label">{words.identity}</span>
          <p>{kept}</p>
        </div>
        <div class="dialog-foot">
          <p>
            <span class="field-label">{words.profile}</span>
            <br />
            {services.place.profile === DEFAULT_PROFILE ? words.profileDefault : services.place.profile}
          </p>
          <a
            class="button small"
            href={asAnotherPerson(new URL(location.href))}
            target="_blank"
            rel="noopener"
            title={words.anotherHint}
          >
            {words.another}
            <Icon name="newTab" />
          </a>
        </div>
      </div>
    </Dialog>
  )
}

/** Whether others can reach me, and whether this browser keeps my identity, messages and documents. */
import type { KithError } from '@kith/sdk'
import type { Person } from '../../people/people.ts'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Services } from '../services.ts'
import { reachWords, text } from '../texts.ts'

export function StatusLine({ services, people }: { services: Services; people: readonly Person[] }) {
  const status = useValue(services.status)
  const unsaved = useValue(services.chats.unsaved)
  const unsavedDocument = useValue(services.documents.unsaved)
  const connected = people.some(({ link }) => link === 'direct' || link === 'turn' || link === 'reconnecting')
  const sessionWords = wordsOfSession(services.chats.saved, services.documents.saved)
  const { tone, words, detail } = reachWords(status, connected)
  return (
    <div class="status">
      <div role="status" class="status-reach">
        <span class={`status-dot ${tone}`} aria-hidden="true" />
        <span>
          <span class="status-words">{words}</span>
          {detail && <span class="status-detail">{detail}</span>}
        </span>
      </div>
      {status.storage.state === 'session' ? (
        <Warning words={text.storage.session(storageWhy(status.storage.error))} />
      ) : (
        <>
          {sessionWords && <Warning words={sessionWords} />}
          {(unsaved || unsavedDocument) && (
            <Warning words={unsaved ? text.storage.messageNotSaved : text.storage.documentNotSaved} />
          )}
        </>
      )}
    </div>
  )
}

/** What is lost when the page is closed; undefined: nothing. */
function wordsOfSession(chatsSaved: boolean, documentsSaved: boolean): string | undefined {
  if (chatsSaved && documentsSaved) return undefined
  if (chatsSaved) return text.storage.documentsSession
  return documentsSaved ? text.storage.historySession : text.storage.bothSession
}

function Warning({ words }: { words: string }) {
  return (
    <p class="warning" role="status">
      <Icon name="warn" />
      <span>{words}</span>
    </p>
  )
}

export function storageWhy(error: KithError | undefined): string {
  const cause = error?.cause
  return cause instanceof DOMException && cause.name === 'QuotaExceededError' ? text.storage.full : text.storage.blocked
}

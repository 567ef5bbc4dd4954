/** Asks before the page uses the relay that its address names. */
import { text } from '../texts.ts'
import { FullPage } from './FullPage.tsx'

export function RelayQuestion({ host, onKeep, onMove }: { host: string; onKeep: () => void; onMove: () => void }) {
  const words = text.moving
  return (
    <FullPage title={words.title} sentence={words.sentence(host)}>
      <div class="stack">
        <button type="button" class="button primary wide" onClick={onKeep}>
          {words.keep}
        </button>
        <button type="button" class="button quiet wide" onClick={onMove}>
          {words.move(host)}
        </button>
      </div>
    </FullPage>
  )
}

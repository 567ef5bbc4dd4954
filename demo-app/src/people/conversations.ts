/** What the list of people shows of each conversation. The feature that has conversations implements it; `app` passes it in. */
import type { PeerId } from '@kith/sdk'
import type { Value } from '../ui/observable.ts'

export interface Conversations {
  /** Changes with any conversation. */
  readonly changes: Value<number>
  about(contact: PeerId): ConversationSummary
}

export interface ConversationSummary {
  /** Entries that I have not seen. */ readonly unread: number
  /** Of the last entry, in milliseconds since 1970. */ readonly lastAt: number | undefined
  /** A stream to them is being opened. */ readonly isOpening: boolean
  /** When they last did not answer, in milliseconds since 1970. */ readonly unansweredAt: number | undefined
}

import type { Contact } from '../api.ts'

export interface ContactChange {
  readonly change: 'added' | 'changed' | 'removed'
  readonly contact: Contact
}

/** Whether the change ends all dealings with them: they were removed, or blocked. */
export function endsContact({ change, contact }: ContactChange): boolean {
  return change === 'removed' || contact.trust === 'blocked'
}

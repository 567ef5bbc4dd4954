/** Words about people: the list, what is kept about each, and invitations. */
import type { ErrorCode } from '@kith/sdk'

export const text = {
  list: {
    title: 'People',
    none: 'No people yet',
    noneHint: 'Invite someone you know. You will see here when they are online.',
    online: 'online',
    away: 'away',
    blocked: 'blocked',
    known: 'known',
    unread: (count: number) => `${count} new`,
  },
  person: {
    safety: 'Safety number',
    safetyHint: (name: string) =>
      `Compare it with ${name}, for example by phone: if both of you see the same sixty digits, no one else can read or change what you send.`,
    title: (name: string) => `About ${name}`,
    name: 'Name in your list',
    save: 'Save',
    saved: 'Saved',
    id: 'PeerId',
    copyId: 'Copy PeerId',
    copy: 'Copy',
    trust: 'Trust',
    trusted: 'Trusted',
    trustedHint: 'You connect directly, so each of you may learn the other’s network address.',
    known: 'Known',
    knownHint: 'You connect only through a relay, which hides your network address.',
    blocked: 'Blocked',
    blockedHint: (name: string) => `${name} cannot reach you, or see that you are online.`,
    added: (when: string) => `In your list since ${when}`,
    lastSeen: (when: string) => `Last seen ${when}`,
    remove: 'Remove…',
    removeTitle: (name: string) => `Remove ${name}?`,
    removeHint: 'You will no longer find each other, and your messages with them are deleted from this browser.',
    removeYes: 'Remove',
    removeNo: 'Keep',
  },
  invite: {
    title: 'Invite someone',
    making: 'Making a link…',
    hint: 'Send this link to one person, or let them scan the code. The first person to open it becomes your contact.',
    link: 'Invitation link',
    qr: 'The invitation link as a QR code',
    copy: 'Copy link',
    copied: 'Copied',
    share: 'Share…',
    shareText: 'Talk with me on Kith:',
    waiting: 'Waiting for them…',
    stay: (when: string) => `Works once, until ${when}, while you have Kith open.`,
    relayAway: 'The relay is not reachable now. The link works once it is back.',
    accepted: (name: string) => `${name} is here`,
    acceptedHint: (name: string) => `You and ${name} can find each other from now on.`,
    talk: (name: string) => `Write to ${name}`,
    another: 'Invite someone else',
    revoke: 'Revoke',
    revoked: 'This invitation is revoked. Its link no longer works.',
    expired: 'This invitation has expired.',
    again: 'New invitation',
    failed: (why: string) => `The invitation could not be made: ${why}.`,
  },
} as const

/** What an error means in the middle of a sentence. */
export function errorWords(code: ErrorCode | undefined): string {
  switch (code) {
    case 'no-relay':
      return 'the relay is not reachable'
    case 'storage':
      return 'this browser could not save it'
    case 'too-many':
      return 'there are too many at once'
    case 'rate-limited':
      return 'too many in a short time'
    default:
      return code ?? 'an unexpected error'
  }
}

/** Words of the page around the features. */
import type { PeerStatus } from '@kith/sdk'

export const text = {
  app: 'Kith',
  reach: {
    online: 'You can be reached',
    connecting: 'Connecting to the relay…',
    relayAway: 'The relay is not reachable; people you are connected with stay connected',
    local: 'Only this browser',
    localDetail: 'The relay is not reachable, so only people in other tabs of this browser can find you. Trying again…',
    offline: 'You cannot be reached',
    offlineDetail: 'The relay is not reachable. Trying again…',
  },
  storage: {
    session: (why: string) => `Your identity lasts for this session only: ${why}.`,
    full: 'there is no space left to keep it',
    blocked: 'this browser does not let the page keep anything',
    historySession: 'Messages are kept only as long as this page is open.',
    documentsSession: 'Documents are kept only as long as this page is open.',
    bothSession: 'Messages and documents are kept only as long as this page is open.',
    messageNotSaved: 'This browser could not save a message. It is shown for as long as this page is open.',
    documentNotSaved: 'This browser could not save a document. It is shown for as long as this page is open.',
    persistent: 'Kept in this browser. The browser will not clear it by itself.',
    bestEffort: 'Kept in this browser. If space runs out, the browser may clear it.',
  } satisfies Record<string, string | ((why: string) => string)>,
  you: {
    title: 'You',
    open: 'You, ',
    name: 'Your name',
    save: 'Save',
    saved: 'Saved',
    id: 'Your PeerId',
    idHint: 'Your address. It does not show where you are, and stays the same as long as this browser keeps it.',
    copyId: 'Copy PeerId',
    copy: 'Copy',
    identity: 'Identity',
    profile: 'Profile',
    profileDefault: 'Main',
    another: 'Open as another person',
    anotherHint: 'In a new tab, with a name and an address of their own.',
  },
  pick: 'Choose someone to talk with',
  firstTitle: 'It is quiet here',
  firstHint: 'Send someone an invitation. When they open it, you are connected, and can write to each other.',
  invite: 'Invite',
  /** Shown for a moment at the edge of the page. */
  notices: {
    arrived: (name: string) => `${name} is here`,
    shared: (name: string) => `${name} shared a document with you`,
  },
} as const

/** How well I can be found, in words; `connected`: there is someone whose connection needs no relay. */
export function reachWords(
  status: PeerStatus,
  connected: boolean,
): { tone: 'good' | 'wait' | 'bad'; words: string; detail?: string } {
  if (status.reach === 'online') return { tone: 'good', words: text.reach.online }
  if (status.relays.length > 0 && status.relays.every((relay) => relay.state === 'connecting' && !relay.error))
    return { tone: 'wait', words: text.reach.connecting }
  if (connected) return { tone: 'wait', words: text.reach.relayAway }
  if (status.reach === 'local') return { tone: 'wait', words: text.reach.local, detail: text.reach.localDetail }
  return { tone: 'bad', words: text.reach.offline, detail: text.reach.offlineDetail }
}

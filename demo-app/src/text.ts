/** Everything that a person reads on this page, in one place: to be reviewed, and one day translated, as a whole. */
import type { ErrorCode, PeerStatus } from '@kith/sdk'

/** Why an invitation could not be accepted, and what to do about it. */
export interface Refusal {
  readonly title: string
  readonly sentence: string
  readonly again: boolean
}

export const text = {
  app: 'Kith',
  tagline: 'Talk with people you know, from browser to browser. No account, no server in between that could read along.',
  starting: 'Starting…',

  welcome: {
    title: 'What should people call you?',
    invitedTitle: 'You have been invited',
    invited: 'First: what should people call you?',
    label: 'Your name',
    placeholder: 'For example Ada',
    hint: 'Only people you meet here will see it.',
    relay: (host: string) => `The address of this page names the relay ${host}. Go on, and it sees your network address.`,
    go: 'Start',
    goInvited: 'Continue',
  },

  moving: {
    title: 'Use another relay?',
    sentence: (host: string) =>
      `The address of this page names the relay ${host}. It would see your network address, and the people you know would have to look for you there.`,
    keep: 'Keep this page’s relay',
    move: (host: string) => `Use ${host}`,
  },

  unsupported: {
    title: 'Kith cannot run on this page',
    insecure: (host: string) =>
      `Browsers allow encryption only over a secure connection, and http://${host} is not one. Open this page with https:// instead, or on this computer as http://localhost.`,
    old: 'This browser does not offer what Kith needs: WebRTC and WebCrypto. Open this page in a current Firefox, Chrome, Edge or Safari.',
  },
  failed: {
    title: 'Kith could not start',
    sentence: (why: string) => `Something that should not happen did: ${why}.`,
    again: 'Try again',
  },

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
    persistent: 'Kept in this browser. It will not be cleared by itself.',
    bestEffort: 'Kept in this browser. If space runs out, the browser may clear it.',
  } satisfies Record<string, string | ((why: string) => string)>,

  you: {
    title: 'You',
    open: 'You, ',
    name: 'Your name',
    save: 'Save',
    saved: 'Saved',
    id: 'Your PeerId',
    idHint: 'Your address. It tells nobody where you are, and stays the same for as long as this browser keeps it.',
    copyId: 'Copy PeerId',
    copy: 'Copy',
    identity: 'Identity',
    profile: 'Profile',
    profileDefault: 'Main',
    another: 'Open as another person',
    anotherHint: 'In a new tab, with a name and an address of their own.',
  },

  people: {
    title: 'People',
    none: 'Nobody here yet',
    noneHint: 'Invite someone you know. You will see here when they are online.',
    online: 'online',
    away: 'away',
    blocked: 'blocked',
    known: 'known',
    unread: (count: number) => `${count} new`,
    mine: (message: string) => `You: ${message}`,
    noMessages: 'No messages yet',
  },

  person: {
    safety: 'Safety number',
    safetyHint: (name: string) => `Read it to each other: if ${name} sees the same sixty digits, nobody stands between you.`,
    title: (name: string) => `About ${name}`,
    open: (name: string) => `About ${name}`,
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

  link: {
    connecting: 'Connecting…',
    direct: 'Connected directly',
    turn: 'Connected through a relay',
    local: 'Connected within this browser',
    reconnecting: 'Reconnecting…',
    online: 'Online',
    away: (name: string) => `${name} is away`,
    lastSeen: (when: string) => `last seen ${when}`,
    blocked: 'Blocked',
  },

  chat: {
    empty: (name: string) => `This is the beginning of your conversation with ${name}.`,
    emptyHint: 'Messages go straight from your browser to theirs.',
    log: (name: string) => `Messages with ${name}`,
    placeholder: (name: string) => `Message ${name}`,
    send: 'Send',
    back: 'Back to people',
    earlier: 'Show earlier messages',
    all: 'Show all of it',
    waiting: 'Waiting',
    sent: 'Sent',
    delivered: 'Delivered',
    waitingAway: (name: string) => `${name} is away. What you write is sent as soon as you are both here.`,
    waitingBlocked: (name: string) => `You blocked ${name}. Nothing is sent or received.`,
    unblock: 'Unblock',
    notSaved: 'This browser could not save a message. It is shown for as long as this page is open.',
    you: 'You',
    tooLong: (max: string) => `At most ${max} characters.`,
    trouble: {
      'unsupported-protocol': (name: string) => `${name} is there, but has no chat open. What you write is sent when they do.`,
      'needs-turn': (name: string) =>
        `To reach ${name} without showing your network address takes a TURN server, and there is none here.`,
      unreachable: (name: string) =>
        `${name} is there, but your networks let nothing through. What you write waits until they do.`,
    },
    today: 'Today',
    yesterday: 'Yesterday',
    pick: 'Choose someone to talk with',
    firstTitle: 'It is quiet here',
    firstHint: 'Send someone an invitation. When they open it, you are connected, and can write to each other.',
  },

  invite: {
    open: 'Invite',
    title: 'Invite someone',
    making: 'Making a link…',
    hint: 'Send this link to one person, or let them scan the code. Whoever opens it first becomes your contact.',
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

  accept: {
    title: 'You have been invited',
    hint: 'Accept, and you and the one who sent you this link can find each other and talk.',
    from: 'From, so the link says',
    nameless: 'someone without a name',
    by: 'By way of the relay, which then sees your network address',
    yours: '(yours)',
    noRelay: 'none: only in this browser',
    as: (name: string) => `You will appear as ${name}.`,
    another: 'Open as another person',
    yes: 'Accept',
    no: 'Not now',
    working: 'Meeting the one who invited you…',
    again: 'Try again',
    leave: 'Go to my people',
  },

  refusals: {
    invalid: {
      title: 'This is not an invitation',
      sentence: 'The link is damaged or incomplete. Ask for it again, and copy all of it.',
      again: false,
    },
    used: {
      title: 'This invitation was used or taken back',
      sentence: 'Each invitation works for one person. Ask for a new one.',
      again: false,
    },
    expired: {
      title: 'This invitation has expired',
      sentence: 'Ask for a new one.',
      again: false,
    },
    away: {
      title: 'The one who invited you is away',
      sentence: 'They must have Kith open for you to meet. Try again when they are there.',
      again: true,
    },
    own: {
      title: 'This is your own invitation',
      sentence: 'Send the link to someone else. To try it by yourself, open it as another person.',
      again: false,
    },
    noRelay: {
      title: 'The relay is not reachable',
      sentence: 'Check your internet connection, then try again.',
      again: true,
    },
    theirRelay: {
      title: 'The relay of this invitation is not reachable',
      sentence:
        'It is away, or one of the inviter’s own device or network, where this page does not go. Try again later, or ask for an invitation by way of another relay.',
      again: true,
    },
    unreachable: {
      title: 'Your networks do not let you connect',
      sentence: 'You found each other, but no way from one to the other. Another network may help.',
      again: true,
    },
    other: {
      title: 'That did not work',
      sentence: 'Something unexpected came between you. Try again.',
      again: true,
    },
  } satisfies Record<string, Refusal>,

  documents: {
    title: 'Documents',
    create: 'New document',
    none: 'Write something down, by yourself or together.',
    untitled: 'Untitled',
    alone: 'Only you',
    sharedWith: (names: string) => `With ${names}`,
    isNew: 'New',
    someone: 'Someone',
    back: 'Back to the list',
    opening: 'Opening…',
    openFailed: 'This document could not be opened. Check your connection, then try again.',
    openAgain: 'Try again',
    titleField: 'Title',
    editor: (title: string) => `Text of ${title}`,
    placeholder: 'Write here. # makes a heading, - a list, **bold** and *italic* text.',
    people: (names: string) => `Shared with ${names}`,
    isHere: (name: string) => `${name} is here`,
    hasLeft: (name: string) => `${name} has left`,
    isAway: (name: string) => `${name} does not have it open`,
    /** `own`: how it is kept here. */
    standing: {
      saving: 'Saving…',
      saved: 'Saved in this browser',
      inMemory: 'Kept as long as this page is open',
      failed: 'This browser could not save it. Keep this page open, or download the text.',
      merged: (names: string, own: string) => `${own}, and with ${names}`,
      relayAway: (merged: string) => `${merged}. The relay is not reachable; you are still connected`,
      offline: (own: string) => `You are offline. ${own}; will be merged when you are back`,
      sending: (names: string) => `Saved in this browser. Sending to ${names}…`,
      connecting: (names: string) => `Saved in this browser. Looking for ${names}…`,
      reconnecting: (names: string) => `Saved in this browser. Reconnecting with ${names}…`,
      away: (names: string, count: number) =>
        `Saved in this browser; will be merged when ${names} ${count === 1 ? 'is' : 'are'} back`,
      trouble: {
        'unsupported-protocol': (name: string) => `Saved in this browser. ${name} is there, but with a page without documents.`,
        'needs-turn': (name: string) =>
          `Saved in this browser. To reach ${name} without showing your network address takes a TURN server, and there is none here.`,
        unreachable: (name: string) => `Saved in this browser. ${name} is there, but your networks let nothing through.`,
      },
    },
    share: {
      open: 'Share',
      title: 'Share this document',
      hint: 'Whoever you share it with has a copy of their own, and you write it together: at the same time, or each alone while the other is away.',
      nobody: 'There is nobody to share it with yet. Invite someone first.',
      give: 'Share',
      giveTo: (name: string) => `Share with ${name}`,
      given: 'Shared',
      waits: 'gets it when you are both here',
    },
    about: {
      open: 'About this document',
      title: 'About this document',
      created: (when: string) => `Created ${when}`,
      changed: (when: string) => `Last changed ${when}`,
      length: (words: number) => (words === 1 ? '1 word' : `${words.toLocaleString('en')} words`),
      download: 'Download text',
      remove: 'Remove…',
      removeTitle: (title: string) => `Remove “${title}”?`,
      removeAlone: 'Only you have it. It is deleted for good.',
      removeShared: (names: string) => `It is deleted from this browser. ${names} will keep it.`,
      removeYes: 'Remove',
      removeNo: 'Keep',
    },
    find: {
      field: 'Find in this document',
      previous: 'Previous',
      next: 'Next',
      count: (count: number, current: number | undefined) =>
        count === 0 ? 'Not found' : current === undefined ? `${count} found` : `${current} of ${count}`,
      many: (count: number) => `More than ${count}`,
    },
    arrived: (name: string) => `${name} shared a document with you`,
    notSaved: 'This browser could not save a document. It is shown for as long as this page is open.',
    tooLong: (max: string) => `There is no room for that: a document holds ${max} characters. Nothing was changed.`,
  },

  call: {
    start: (name: string) => `Call ${name}`,
    back: 'Back to the call',
    title: (name: string) => `Call with ${name}`,
    prepare: {
      title: (name: string) => `Call ${name}?`,
      hint: 'Only you see this.',
      go: 'Call',
    },
    calling: 'Ringing…',
    cancel: 'Cancel',
    incoming: {
      label: 'Incoming call',
      words: (name: string) => `${name} is calling`,
      hint: 'with picture and sound',
      accept: 'Accept',
      decline: 'Decline',
    },
    news: {
      missed: (name: string) => `${name} called and gave up`,
      'hung-up': (name: string) => `${name} hung up`,
      'turned-away': (name: string) => `${name} called, and was told that you are on another call`,
    },
    /** `by`: what is used instead, as the browser calls it. */
    unplugged: {
      camera: (by: string | undefined) =>
        `Your camera is gone. ${by ? `In use now: ${by}` : 'There is no other, so nobody sees you.'}`,
      microphone: (by: string | undefined) =>
        `Your microphone is gone. ${by ? `In use now: ${by}` : 'There is no other, so nobody hears you.'}`,
    },
    over: {
      declined: { title: (name: string) => `${name} declined`, sentence: 'You can write to them instead.' },
      busy: { title: (name: string) => `${name} is on another call`, sentence: 'They know that you called.' },
      'no-answer': { title: () => 'No answer', sentence: 'They are away, or did not hear it.' },
      'no-relay': { title: () => 'The relay is not reachable', sentence: 'Check your internet connection, then try again.' },
      unreachable: {
        title: () => 'Your networks do not let you connect',
        sentence: 'You found each other, but no way from one to the other. Another network may help.',
      },
      'needs-turn': {
        title: (name: string) => `No way to ${name}`,
        sentence: 'To reach them without showing your network address takes a TURN server, and there is none here.',
      },
      'no-calls': {
        title: (name: string) => `${name} cannot take calls`,
        sentence: 'They are there, but with a page that has none.',
      },
      lost: { title: () => 'The connection was lost', sentence: 'It did not come back. Call again to go on.' },
      failed: { title: () => 'The call failed', sentence: 'Something unexpected came between you. Try again.' },
    },
    /** A line in the conversation. */
    record: {
      answered: (lasted: string) => `Call, ${lasted}`,
      missed: 'Missed call',
      declined: 'You declined a call',
      unanswered: 'You called, without an answer',
    },
    again: 'Call again',
    done: 'Close',
    status: {
      reconnecting: 'Reconnecting…',
      relayAway: 'The relay is not reachable; you are still connected',
      local: 'Within this browser',
      direct: 'Connected directly',
      turn: 'Connected through a relay',
    },
    quality: { excellent: 'excellent', good: 'good', poor: 'poor', lost: '' },
    figures: { roundTrip: (ms: number) => `Round trip ${ms} ms`, loss: (share: string) => `${share} lost` },
    them: (name: string) => `Picture of ${name}`,
    theirScreen: (name: string) => `Screen of ${name}`,
    me: 'You',
    mine: 'Your picture',
    myScreen: 'Your screen',
    theirCameraOff: (name: string) => `${name}’s camera is off`,
    muted: (name: string) => `${name} is muted`,
    mutedShort: 'Muted',
    iAmMuted: ', muted',
    connecting: 'Connecting picture and sound…',
    startAudio: 'Click to start audio',
    controls: 'Call controls',
    microphone: { on: 'Turn microphone off', off: 'Turn microphone on' },
    camera: { on: 'Turn camera off', off: 'Turn camera on' },
    screen: { start: 'Share your screen', stop: 'Stop sharing your screen' },
    devices: 'Devices',
    shrink: 'Make the call small',
    enlarge: 'Make the call large',
    hangUp: 'Hang up',
    cameraOff: 'Your camera is off',
    picker: {
      camera: 'Camera',
      microphone: 'Microphone',
      speaker: 'Speaker',
      none: 'None found',
      unnamed: (number: number) => `Device ${number}`,
    },
    withKeys: (what: string, keys: string) => `${what} (${keys})`,
    trouble: {
      camera: {
        refused: 'The browser does not let this page use your camera. Allow it beside the address to be seen.',
        absent: 'No camera was found. You can call without one.',
        'in-use': 'Your camera is used by another program.',
      },
      microphone: {
        refused: 'The browser does not let this page use your microphone. Allow it beside the address to be heard.',
        absent: 'No microphone was found. The others will not hear you.',
        'in-use': 'Your microphone is used by another program.',
      },
    },
  },

  copy: { copied: 'Copied', failed: 'Press Ctrl+C to copy' },
  close: 'Close',
  cancel: 'Cancel',
  justNow: 'just now',

  /** Said once, for a moment, at the edge of the page. */
  notices: {
    arrived: (name: string) => `${name} is here`,
    failed: 'That did not work. Please try again.',
  },
} as const

/** What an error means in the middle of a sentence. */
export function why(code: ErrorCode | undefined): string {
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

/** A different sentence for each thing that an invitee can do something different about. `reach`: mine, by my own relays. */
export function refusalFor(code: ErrorCode | undefined, reach: PeerStatus['reach']): Refusal {
  switch (code) {
    case 'invalid-invite':
      return text.refusals.invalid
    case 'used':
      return text.refusals.used
    case 'expired':
      return text.refusals.expired
    case 'no-answer':
    case 'timeout':
      return text.refusals.away
    case 'invalid-argument':
      return text.refusals.own
    case 'no-relay':
      return reach === 'online' ? text.refusals.theirRelay : text.refusals.noRelay
    case 'unreachable':
    case 'needs-turn':
      return text.refusals.unreachable
    default:
      return text.refusals.other
  }
}

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

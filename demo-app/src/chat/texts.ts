/** Words of a conversation. */
export const text = {
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
  you: 'You',
  tooLong: (max: string) => `At most ${max} characters.`,
  trouble: {
    'unsupported-protocol': (name: string) =>
      `${name} is online, but not on a page with chat. What you write is sent when they open one.`,
    'needs-turn': (name: string) =>
      `Reaching ${name} without showing your network address needs a TURN server, and none is set up here.`,
    unreachable: (name: string) =>
      `${name} is online, but your networks block the connection. What you write is sent when you can connect.`,
  },
  about: (name: string) => `About ${name}`,
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
  /** A call that is over, as a line of the conversation. */
  call: {
    answered: (lasted: string) => `Call, ${lasted}`,
    missed: 'Missed call',
    declined: 'You declined a call',
    unanswered: 'You called, without an answer',
  },
  /** The last message, in the list of people. */
  preview: {
    mine: (message: string) => `You: ${message}`,
    noMessages: 'No messages yet',
  },
} as const

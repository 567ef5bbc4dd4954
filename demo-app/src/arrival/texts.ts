/** Words of what comes before the list of people: a first start, another relay, an invitation, and why there is no start. */
import type { ErrorCode, PeerStatus } from '@kith/sdk'

/** Why an invitation could not be accepted, and what to do about it. */
export interface Refusal {
  readonly title: string
  readonly sentence: string
  readonly again: boolean
}

export const text = {
  app: 'Kith',
  tagline: 'Talk with people you know, from browser to browser. No account, and no server that can read what you write.',
  starting: 'Starting…',
  welcome: {
    title: 'What should people call you?',
    invitedTitle: 'You have been invited',
    invited: 'First: what should people call you?',
    label: 'Your name',
    placeholder: 'For example Ada',
    hint: 'Only people you meet here will see it.',
    relay: (host: string) =>
      `The address of this page names the relay ${host}. If you continue, that relay sees your network address.`,
    go: 'Start',
    goInvited: 'Continue',
  },
  moving: {
    title: 'Use another relay?',
    sentence: (host: string) =>
      `The address of this page names the relay ${host}. It would see your network address, and people could reach you only through it.`,
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
    sentence: (why: string) => `The reason: ${why}.`,
    again: 'Try again',
  },
  accept: {
    title: 'You have been invited',
    hint: 'If you accept, you and the person who sent this link can find each other and talk.',
    from: 'From (as the link says)',
    nameless: 'someone without a name',
    by: 'Through the relay, which then sees your network address',
    yours: '(yours)',
    noRelay: 'none: only in this browser',
    as: (name: string) => `You will appear as ${name}.`,
    another: 'Open as another person',
    yes: 'Accept',
    no: 'Not now',
    working: 'Connecting with the person who invited you…',
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
      title: 'This invitation was used or revoked',
      sentence: 'Each invitation works for one person. Ask for a new one.',
      again: false,
    },
    expired: {
      title: 'This invitation has expired',
      sentence: 'Ask for a new one.',
      again: false,
    },
    away: {
      title: 'The person who invited you is away',
      sentence: 'An invitation works only while they have Kith open. Try again when they do.',
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
        'It is offline, or it runs on the inviter’s own device or network, which this page does not contact. Try again later, or ask for an invitation through another relay.',
      again: true,
    },
    unreachable: {
      title: 'Your networks do not let you connect',
      sentence: 'You found each other, but your networks block the connection. Another network may help.',
      again: true,
    },
    other: {
      title: 'That did not work',
      sentence: 'There was an unexpected error. Try again.',
      again: true,
    },
  } satisfies Record<string, Refusal>,
} as const

/** One text for each thing that an invitee can do about an error. `reach`: mine, through my own relays. */
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

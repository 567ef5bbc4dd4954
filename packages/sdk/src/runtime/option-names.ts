/** The options that each verb knows. A name that it does not know is a typing error, which would otherwise have no effect in silence. */
import { KithError } from '@kith/protocol'
import type { Contact, DialOptions, OpenOptions, Peer, PeerOptions } from '../api.ts'

type Names<Options> = Readonly<Record<keyof Required<Options>, true>>
type InviteOptions = NonNullable<Parameters<Peer['invite']>[0]>
type AcceptOptions = NonNullable<Parameters<Peer['accept']>[1]>

const DIAL: Names<DialOptions> = { signal: true, timeoutMs: true, disclose: true }
const OPEN: Names<OpenOptions> = { ...DIAL, params: true, priority: true }
const CONTACT: Names<Contact> = {
  id: true,
  name: true,
  purposes: true,
  trust: true,
  relays: true,
  // Of a contact that is passed on as it is: these are not for a caller to say, and are left out.
  addedAt: true,
  lastSeenAt: true,
  online: true,
}
const PEER: Names<PeerOptions> = {
  relays: true,
  profile: true,
  storage: true,
  findableBy: true,
  disclose: true,
  presence: true,
  page: true,
  iceServers: true,
  webSocket: true,
  wrtc: true,
  maxConnections: true,
  local: true,
}
const INVITE: Names<InviteOptions> = { name: true, purposes: true, expiresInMs: true }
const ACCEPT: Names<AcceptOptions> = { ...DIAL, name: true }

const KNOWN = {
  createPeer: PEER,
  invite: INVITE,
  accept: ACCEPT,
  connect: DIAL,
  open: OPEN,
  openDatagrams: OPEN,
  openMedia: OPEN,
  'contacts.add': CONTACT,
  'contacts.update': CONTACT,
  handle: {},
  handleDatagrams: {},
  handleMedia: {},
} as const

/** Throws 'invalid-argument' for what is no object, or has a name that `verb` does not know; with the one that was meant. */
export function checkOptions(verb: keyof typeof KNOWN, options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new KithError('invalid-argument', `${verb} takes its options as an object, not ${spelled(options)}.`)
  }
  const known = Object.keys(KNOWN[verb])
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  if (known.length === 0) throw new KithError('invalid-argument', `${verb} takes no options: it has no '${unknown}'.`)
  const meant = nearest(unknown, known)
  throw new KithError(
    'invalid-argument',
    `${verb} has no option '${unknown}'${meant === undefined ? `: it has ${known.join(', ')}.` : `: did you mean '${meant}'?`}`,
  )
}

/** For a message: short, whatever it is. */
export function spelled(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

/** The one that was most likely meant: part of it, or a few letters away. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const asked = name.toLowerCase()
  const ranked = known
    .map((candidate) => {
      const right = candidate.toLowerCase()
      const isPart = asked.length > 2 && (right.startsWith(asked) || asked.startsWith(right))
      return { candidate, distance: isPart ? 1 : distance(asked, right) }
    })
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best && best.distance <= Math.max(2, name.length / 3) ? best.candidate : undefined
}

/** Letters to change, add, leave out or swap with the next (optimal string alignment). */
function distance(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (before[j - 2] ?? 0) + 1)
      row.push(least)
    }
    ;[before, last] = [last, row]
  }
  return last[b.length] ?? 0
}

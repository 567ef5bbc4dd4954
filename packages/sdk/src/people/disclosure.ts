/** How much of my network address a person may learn, and the ICE servers that disclose it. */
import { KithError, type PeerId } from '@kith/protocol'
import type { Contact, Disclosure, PeerOptions } from '../api.ts'
import { parseIceServers } from '../path/webrtc/ice-servers.ts'
import { report } from '../runtime/events.ts'
import { spelled } from '../runtime/option-names.ts'

export interface DisclosurePolicyOptions {
  readonly disclose: PeerOptions['disclose']
  readonly iceServers: PeerOptions['iceServers']
  readonly contact: (id: PeerId) => Contact | undefined
}

export class DisclosurePolicy {
  readonly #options: DisclosurePolicyOptions

  constructor(options: DisclosurePolicyOptions) {
    this.#options = options
  }

  /** @param id undefined: a guest, who has the link of an invitation. Errors: 'invalid-argument', where a user's answer is none. */
  towards(id: PeerId | undefined): Disclosure {
    const { disclose } = this.#options
    const contact = id && this.#options.contact(id)
    if (!disclose) return !id || contact?.trust === 'trusted' ? 'direct' : 'relayed'
    try {
      return parseDisclosure(disclose(id ? { id, via: 'contact', ...(contact ? { contact } : {}) } : { via: 'invite' }))
    } catch (cause) {
      throw new KithError(
        'invalid-argument',
        "The function that createPeer({ disclose }) was given must give 'direct' or 'relayed', and did not.",
        { cause },
      )
    }
  }

  /** Whether a relay of theirs may see me come; where a user's function throws, it may not. */
  mayLearn(id: PeerId): boolean {
    try {
      return this.towards(id) === 'direct'
    } catch (error) {
      report(error)
      return false
    }
  }

  /** What was asked for, where it can work. Errors: 'needs-turn' 'invalid-argument', and as `iceServers`. */
  async feasible(disclosure: Disclosure): Promise<Disclosure> {
    if (parseDisclosure(disclosure) === 'direct') return disclosure
    const servers = await this.iceServers()
    if (servers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/i.test(url)))) return disclosure
    throw new KithError(
      'needs-turn',
      'They are not to learn your network address, and that needs a TURN server: name one in createPeer({ iceServers }), or let them learn it, by trust: "trusted" or disclose: "direct".',
    )
  }

  /** Errors: 'unreachable' where a user's function gives none, 'invalid-argument'. */
  async iceServers(): Promise<RTCIceServer[]> {
    const { iceServers = [] } = this.#options
    let servers: unknown = iceServers
    try {
      if (typeof iceServers === 'function') servers = await iceServers()
    } catch (cause) {
      throw new KithError(
        'unreachable',
        'The function that createPeer({ iceServers }) was given failed, so no connection can be made.',
        {
          cause,
        },
      )
    }
    return parseIceServers(servers)
  }
}

/** Whatever is not a clear word discloses nothing. */
function parseDisclosure(disclosure: Disclosure): Disclosure {
  if (disclosure === 'direct' || disclosure === 'relayed') return disclosure
  throw new KithError('invalid-argument', `disclose must be 'direct' or 'relayed', not ${spelled(disclosure)}.`)
}

/** Dials over a carrier: knocks at a real peer by hand, or lets one knock. */
import {
  addressKeys,
  type Bytes,
  contactWay,
  type IdentityKeys,
  type PeerId,
  type Random,
  type TransportDescription,
} from '@kith/protocol'
import type { Carrier } from '@kith/sdk/parts'
import { contactAddress } from './addresses.ts'
import { type Accept, DialByHand, type DialMessage, type Knock } from './dial-by-hand.ts'
import { Inbox } from './inbox.ts'

export interface CallOptions {
  readonly carrier: Carrier
  readonly identity: IdentityKeys
  readonly random: Random
  /** Whom: they must have us among their contacts, or nothing is heard. */
  readonly with: PeerId
  /** ms since 1970. */
  readonly now: number
}

/** A dial that both have begun: what is said goes to the other's reply address. */
export interface Call extends Disposable {
  readonly dial: DialByHand
  /** Messages of theirs. */
  readonly heard: Inbox<DialMessage>
  /** The offer or the knock with which they came. */
  readonly first: Knock | Extract<Accept, { type: 'offer' }>
  /** What `dial` has made, whatever it is. */
  send(...envelopes: readonly Bytes[]): void
  say(message: DialMessage | Uint8Array): void
}

/** Knocks, and resolves once they have offered. `knock`: fields in place of honest ones. */
export async function callByHand(options: CallOptions, knock: Partial<Knock> = {}): Promise<Call> {
  const { carrier, identity, random, now } = options
  const { route } = await contactAddress(identity, 'theirs', options.with, carrier.origin, now)
  const dial = new DialByHand(0, { identity, random, way: contactWay(identity.id, options.with), route })
  const reply = addressKeys(random(32))
  const envelopes = new Inbox<Bytes>()
  const unbind = carrier.bind(reply, (envelope) => envelopes.add(envelope))
  carrier.send(route.address, await dial.knock({ replyAddress: reply.address, replyOrigins: [carrier.origin], ...knock }))
  const first = await dial.readAccept((await envelopes.next()) ?? new Uint8Array())
  if (first.type !== 'offer') throw new Error(`they said '${first.type}'`)
  return callOver(carrier, dial, first, envelopes, unbind)
}

/** Resolves once they have knocked, and were answered by this offer. */
export async function answerByHand(
  options: CallOptions,
  offer: { readonly instance: Bytes; readonly description: TransportDescription },
): Promise<Call> {
  const { carrier, identity, random, now } = options
  const { keys, route } = await contactAddress(identity, 'ours', options.with, carrier.origin, now)
  const way = contactWay(identity.id, options.with)
  const knocks = new Inbox<Bytes>()
  const stop = carrier.bind(keys, (envelope) => knocks.add(envelope))
  for (;;) {
    const envelope = (await knocks.next()) ?? new Uint8Array()
    const dial = new DialByHand(1, { identity, random, way, route })
    const first = await dial.readKnock(envelope)
    // A question for presence: the dial comes by itself.
    if (first.protocols.length === 0) continue
    stop()
    const reply = addressKeys(random(32))
    const envelopes = new Inbox<Bytes>()
    const unbind = carrier.bind(reply, (arrived) => envelopes.add(arrived))
    carrier.send(first.replyAddress, await dial.accept({ type: 'offer', replyAddress: reply.address, ...offer }))
    return callOver(carrier, dial, first, envelopes, unbind)
  }
}

function callOver(carrier: Carrier, dial: DialByHand, first: Call['first'], envelopes: Inbox<Bytes>, unbind: () => void): Call {
  const heard = new Inbox<DialMessage>()
  const listen = async () => {
    for (let next = await envelopes.next(); next !== undefined; next = await envelopes.next()) {
      for (const message of dial.hear(next)) heard.add(message)
    }
  }
  void listen()
  const send = (...sealed: readonly Bytes[]) => {
    for (const envelope of sealed) carrier.send(first.replyAddress, envelope)
  }
  return {
    dial,
    heard,
    first,
    send,
    say: (message) => send(...dial.say(message)),
    [Symbol.dispose]() {
      unbind()
      envelopes.end()
      heard.end()
    },
  }
}

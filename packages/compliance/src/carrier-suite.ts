/** What every carrier must do, whatever it is made of; each is given the chance to lose nothing. */
import { addressKeys, type Bytes, ENVELOPE_BYTES, hex, KithError } from '@kith/protocol'
import type { Carrier } from '@kith/sdk/parts'
import { afterEach, describe, expect, test } from 'vitest'

const keysOf = (n: number) => addressKeys(new Uint8Array(32).fill(n))
/** No two bytes in a row alike, so that a shifted or a filled one shows. */
const envelopeOf = (n: number): Bytes => Uint8Array.from({ length: ENVELOPE_BYTES }, (_, i) => (i * 7 + n) & 0xff)

/** Collects envelopes; `next` waits for one. */
class Inbox {
  readonly received: Bytes[] = []
  #wake: (() => void) | undefined
  readonly listen = (envelope: Bytes) => {
    this.received.push(envelope)
    this.#wake?.()
  }
  async next(): Promise<string> {
    while (this.received.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    return hex(this.received.shift() as Bytes)
  }
}

/** What carriers of one kind share. */
export interface Network {
  carrier(): Carrier
  /** Resolves once binds and unbinds made so far have come into force for all. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** @param openNetwork one of its own for each test. */
export function carrierSuite(name: string, openNetwork: () => Promise<Network>): void {
  describe(`carrier: ${name}`, () => {
    let network: Network
    afterEach(() => network.close())

    test('hands an envelope to all other binders, every byte of it, and to no one else', async () => {
      network = await openNetwork()
      const [sender, one, two, other] = [network.carrier(), network.carrier(), network.carrier(), network.carrier()]
      const [own, first, second, stranger] = [new Inbox(), new Inbox(), new Inbox(), new Inbox()]
      sender.bind(keysOf(1), own.listen)
      one.bind(keysOf(1), first.listen)
      two.bind(keysOf(1), second.listen)
      other.bind(keysOf(2), stranger.listen)
      await network.settled()
      sender.send(keysOf(1).address, envelopeOf(1))
      expect([await first.next(), await second.next()]).toEqual([hex(envelopeOf(1)), hex(envelopeOf(1))])
      // Order between two carriers is kept here, so what comes now came after anything wrongly sent before.
      sender.send(keysOf(2).address, envelopeOf(2))
      expect(await stranger.next()).toBe(hex(envelopeOf(2)))
      expect([own, first, second, stranger].map((inbox) => inbox.received.length)).toEqual([0, 0, 0, 0])
    })

    test('works both ways', async () => {
      network = await openNetwork()
      const [a, b] = [network.carrier(), network.carrier()]
      const [atA, atB] = [new Inbox(), new Inbox()]
      a.bind(keysOf(1), atA.listen)
      b.bind(keysOf(2), (envelope) => {
        atB.listen(envelope)
        b.send(keysOf(1).address, envelopeOf(9))
      })
      await network.settled()
      a.send(keysOf(2).address, envelopeOf(8))
      expect(await atB.next()).toBe(hex(envelopeOf(8)))
      expect(await atA.next()).toBe(hex(envelopeOf(9)))
    })

    test('an address that was unbound gets nothing; another that stayed does', async () => {
      network = await openNetwork()
      const [a, b] = [network.carrier(), network.carrier()]
      const [gone, stays] = [new Inbox(), new Inbox()]
      const unbind = b.bind(keysOf(1), gone.listen)
      b.bind(keysOf(2), stays.listen)
      await network.settled()
      unbind()
      unbind()
      await network.settled()
      a.send(keysOf(1).address, envelopeOf(1))
      a.send(keysOf(2).address, envelopeOf(2))
      expect(await stays.next()).toBe(hex(envelopeOf(2)))
      expect(gone.received).toEqual([])
    })

    test('two who listen to one address through one carrier both hear; undoing one leaves the other', async () => {
      network = await openNetwork()
      const [a, b] = [network.carrier(), network.carrier()]
      const [first, second] = [new Inbox(), new Inbox()]
      const unbind = b.bind(keysOf(1), first.listen)
      b.bind(keysOf(1), second.listen)
      await network.settled()
      a.send(keysOf(1).address, envelopeOf(1))
      expect([await first.next(), await second.next()]).toEqual([hex(envelopeOf(1)), hex(envelopeOf(1))])
      unbind()
      await network.settled()
      a.send(keysOf(1).address, envelopeOf(2))
      expect(await second.next()).toBe(hex(envelopeOf(2)))
      expect(first.received).toEqual([])
    })

    test('what the sender does to its bytes afterwards, and one receiver to its own, changes nothing', async () => {
      network = await openNetwork()
      const [a, b] = [network.carrier(), network.carrier()]
      const inbox = new Inbox()
      b.bind(keysOf(1), (envelope) => envelope.fill(0))
      b.bind(keysOf(1), inbox.listen)
      await network.settled()
      const envelope = envelopeOf(1)
      a.send(keysOf(1).address, envelope)
      envelope.fill(0xff)
      expect(await inbox.next()).toBe(hex(envelopeOf(1)))
    })

    test('after close nothing comes, nothing goes, and nothing throws', async () => {
      network = await openNetwork()
      const [a, b, c] = [network.carrier(), network.carrier(), network.carrier()]
      const [closed, open] = [new Inbox(), new Inbox()]
      b.bind(keysOf(1), closed.listen)
      c.bind(keysOf(1), open.listen)
      await network.settled()
      b.close()
      b.close()
      a.send(keysOf(1).address, envelopeOf(1))
      expect(await open.next()).toBe(hex(envelopeOf(1)))
      b.send(keysOf(1).address, envelopeOf(2))
      b.bind(keysOf(2), closed.listen)()
      a.send(keysOf(1).address, envelopeOf(3))
      expect(await open.next()).toBe(hex(envelopeOf(3)))
      expect(closed.received).toEqual([])
    })

    test('another size of envelope or address is refused where it is sent', async () => {
      network = await openNetwork()
      const a = network.carrier()
      const invalid = expect.objectContaining({ code: 'invalid-argument' })
      expect(() => a.send(keysOf(1).address, new Uint8Array(1023))).toThrow(invalid)
      expect(() => a.send(keysOf(1).address, new Uint8Array(1025))).toThrow(invalid)
      expect(() => a.send(new Uint8Array(31), envelopeOf(1))).toThrow(KithError)
    })
  })
}

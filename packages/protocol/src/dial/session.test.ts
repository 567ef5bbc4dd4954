import { expect, test } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { Writer } from '../bytes/writer.ts'
import { KithError } from '../errors.ts'
import { DIAL_ACK_MS, DIAL_MESSAGE_MAX_BYTES, ENVELOPE_BYTES, RESEND_MS } from '../limits.ts'
import type { Bytes } from '../machine.ts'
import { awaitedHandshake } from '../noise/awaited-handshake.test-kit.ts'
import type { NoiseSession } from '../noise/handshake.ts'
import { PLAINTEXT_BYTES, pad, unpad } from './envelope.ts'
import { Session } from './session.ts'

const FUZZ_COUNT = Number(process.env.KITH_FUZZ ?? 20_000)

async function noisePair(seed: number): Promise<[NoiseSession, NoiseSession]> {
  const random = seededRandom(seed)
  const common = { pattern: 'NNpsk0', prologue: new Uint8Array(), random, psk: random(32) } as const
  const initiator = awaitedHandshake({ ...common, role: 'initiator' })
  const responder = awaitedHandshake({ ...common, role: 'responder' })
  await responder.readMessage(await initiator.writeMessage(new Uint8Array()))
  await initiator.readMessage(await responder.writeMessage(new Uint8Array()))
  return [initiator.split(), responder.split()]
}

async function sessions(seed: number) {
  const [one, other] = await noisePair(seed)
  return { one: new Session(one), other: new Session(other) }
}

/** An envelope as the session's other end could seal it, whatever is in it. */
function sealed(noise: NoiseSession, nonce: number, body: Uint8Array): Bytes {
  const ciphertext = noise.send.seal(nonce, pad(body, PLAINTEXT_BYTES.transport))
  return new Writer(ENVELOPE_BYTES).u64(nonce).bytes(ciphertext).finish()
}

const part = (kind: number, number: number, acknowledged: number, chunk: Uint8Array) =>
  new Writer(1024).u8(kind).u32(number).u32(acknowledged).bytes(chunk).finish()
const FULL = new Uint8Array(989)

test('messages of every size arrive whole, in order, and are then settled', async () => {
  const { one, other } = await sessions(1)
  const random = seededRandom(1)
  const messages = [0, 1, 988, 989, 990, 1978, 1979, DIAL_MESSAGE_MAX_BYTES].map((length) => random(length))
  for (const message of messages) one.send(message)
  const arrived = one.drain(0).flatMap((envelope) => other.receive(envelope, 0) ?? [])
  expect(arrived).toEqual(messages)
  expect(one.isSettled).toBe(false)
  expect([other.drain(DIAL_ACK_MS - 1), other.deadline()]).toEqual([[], DIAL_ACK_MS])
  const acks = other.drain(DIAL_ACK_MS)
  expect(acks).toHaveLength(1)
  for (const ack of acks) expect(one.receive(ack, DIAL_ACK_MS)).toEqual([])
  expect(one.isSettled).toBe(true)
  expect([one.deadline(), other.deadline()]).toEqual([Infinity, Infinity])
  // An acknowledgement is not acknowledged.
  expect(one.drain(10_000)).toEqual([])
})

test('what goes out within 50 ms takes the acknowledgement along', async () => {
  const { one, other } = await sessions(9)
  one.send(Uint8Array.of(1))
  for (const envelope of one.drain(0)) other.receive(envelope, 0)
  other.send(Uint8Array.of(2))
  for (const envelope of other.drain(10)) expect(one.receive(envelope, 10)).toEqual([Uint8Array.of(2)])
  expect([one.isSettled, other.drain(DIAL_ACK_MS)]).toEqual([true, []])
})

test('loss, repetition and reordering both ways: every message once, in order (60 seeds)', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { one, other } = await sessions(seed)
    const random = seededRandom(seed)
    const said = { one: [] as Bytes[], other: [] as Bytes[] }
    const heard = { one: [] as Bytes[], other: [] as Bytes[] }
    let flying: { to: 'one' | 'other'; envelope: Bytes }[] = []
    const ends = { one, other }
    for (let now = 0; now < 120_000; now += 50) {
      for (const name of ['one', 'other'] as const) {
        if (said[name].length < 8 && random.below(3) === 0) {
          const message = random(random.below(3_000))
          said[name].push(message)
          ends[name].send(message)
        }
        for (const envelope of ends[name].drain(now)) {
          const to = name === 'one' ? 'other' : 'one'
          for (let copies = [0, 1, 1, 2][random.below(4)]!; copies > 0; copies--) flying.push({ to, envelope })
        }
      }
      flying.sort(() => random.below(3) - 1)
      const staying = flying.filter(() => random.below(4) === 0)
      for (const { to, envelope } of flying) {
        if (!staying.some((one) => one.envelope === envelope)) heard[to].push(...(ends[to].receive(envelope, now) ?? []))
      }
      flying = staying
      if (said.one.length + said.other.length === 16 && one.isSettled && other.isSettled) break
    }
    expect(heard.other, `seed ${seed}`).toEqual(said.one)
    expect(heard.one, `seed ${seed}`).toEqual(said.other)
    expect([one.isSettled, other.isSettled], `seed ${seed}`).toEqual([true, true])
  }
})

test('resends wait twice as long each time, and start anew once something is acknowledged', async () => {
  const { one, other } = await sessions(2)
  one.send(Uint8Array.of(1))
  const [first] = one.drain(0)
  expect(one.deadline()).toBe(RESEND_MS)
  expect(one.drain(RESEND_MS - 1)).toEqual([])
  const [second] = one.drain(RESEND_MS)
  expect(second).not.toEqual(first)
  expect(one.deadline()).toBe(3 * RESEND_MS)
  // Two envelopes, one part.
  const receive = (envelope: Bytes) => other.receive(envelope, RESEND_MS)
  expect([receive(second!), receive(first!), receive(first!)]).toEqual([[Uint8Array.of(1)], [], []])
  one.receive(other.drain(10_000)[0]!, 10_000)
  one.send(Uint8Array.of(2))
  one.drain(10_000)
  expect(one.deadline()).toBe(10_000 + RESEND_MS)
})

test('a message at the limit is taken, one byte more ends the session', async () => {
  const { one, other } = await sessions(3)
  one.send(new Uint8Array(DIAL_MESSAGE_MAX_BYTES + 1))
  const envelopes = one.drain(0)
  expect(() => {
    for (const envelope of envelopes) other.receive(envelope, 0)
  }).toThrow(KithError)
})

test('what no honest end says is a violation: short parts, unknown kinds, acknowledging the future, hidden padding', async () => {
  const bodies = [part(1, 0, 0, FULL.subarray(1)), part(3, 0, 0, FULL), part(2, 0, 1, FULL), Uint8Array.of(), Uint8Array.of(1, 0)]
  for (const body of bodies) {
    const [one, other] = await noisePair(4)
    expect(() => new Session(other).receive(sealed(one, 0, body), 0)).toThrow(KithError)
  }
  const [one, other] = await noisePair(4)
  const plaintext = pad(part(2, 0, 0, Uint8Array.of(1)), PLAINTEXT_BYTES.transport)
  plaintext[999] = 1
  const envelope = new Writer(ENVELOPE_BYTES).u64(0).bytes(one.send.seal(0, plaintext)).finish()
  expect(() => new Session(other).receive(envelope, 0)).toThrow(KithError)
})

test('a nonce counts once, within 64 of the newest; parts further ahead than 64 are not kept', async () => {
  const [one, other] = await noisePair(5)
  const session = new Session(other)
  const say = (nonce: number, number: number) => session.receive(sealed(one, nonce, part(2, number, 0, Uint8Array.of(number))), 0)
  expect(say(100, 1)).toEqual([])
  expect(say(100, 0)).toEqual([]) // the nonce again
  expect(say(36, 0)).toEqual([]) // 64 behind
  expect(say(37, 0)).toEqual([Uint8Array.of(0), Uint8Array.of(1)])
  expect(say(101, 2 + 64)).toEqual([])
  expect(say(102, 2 + 63)).toEqual([])
  for (let number = 2; number < 2 + 62; number++) say(103 + number, number)
  expect(say(1_000, 64)).toEqual([Uint8Array.of(64), Uint8Array.of(65)]) // 65 was kept, 66 was not
})

test('envelopes that were not sealed in this session are nobody’s: no throw, no effect', async () => {
  const [one, other] = await noisePair(6)
  const session = new Session(other)
  const good = sealed(one, 0, part(2, 0, 0, Uint8Array.of(7)))
  for (let bit = 0; bit < good.length * 8; bit += 7) {
    const bad = good.slice()
    bad[bit >> 3] = bad[bit >> 3]! ^ (1 << (bit & 7))
    expect(session.receive(bad, 0)).toBeUndefined()
  }
  for (const length of [0, 1, 8, 24, 1023]) expect(session.receive(good.slice(0, length), 0)).toBeUndefined()
  expect(session.receive(new Uint8Array(1025), 0)).toBeUndefined()
  expect(session.drain(0)).toEqual([])
  expect(session.receive(good, 0)).toEqual([Uint8Array.of(7)])
})

test(`${FUZZ_COUNT} mutated bodies from a peer with the right keys: taken, or a KithError`, async () => {
  const [one, other] = await noisePair(7)
  const corpus = [part(0, 0, 0, new Uint8Array()), part(1, 0, 0, FULL), part(2, 1, 0, FULL), part(2, 40, 0, FULL.subarray(900))]
  let session = new Session(other)
  let [nonce, refused, slowestMs] = [0, 0, 0]
  for (const body of mutations(7, corpus, FUZZ_COUNT)) {
    if (body.length > PLAINTEXT_BYTES.transport - 2) continue
    const envelope = sealed(one, nonce++, body)
    const before = process.cpuUsage()
    try {
      session.receive(envelope, 0)
    } catch (error) {
      if (!(error instanceof KithError)) throw error
      refused++
      session = new Session(other)
    }
    slowestMs = Math.max(slowestMs, cpuMs(process.cpuUsage(before)))
  }
  expect(refused).toBeGreaterThan(0)
  expect(slowestMs).toBeLessThan(50)
})

test(`${FUZZ_COUNT} mutated plaintexts: unpad gives the body or a KithError`, () => {
  const random = seededRandom(8)
  const corpus = [pad(random(10), 976), pad(random(974), 976), pad(new Uint8Array(), 976)]
  for (const plaintext of mutations(8, corpus, FUZZ_COUNT)) {
    try {
      expect(unpad(plaintext).length).toBeLessThanOrEqual(plaintext.length - 2)
    } catch (error) {
      if (!(error instanceof KithError)) throw error
    }
  }
  expect(unpad(pad(random(974), 976))).toHaveLength(974)
  expect(() => pad(random(975), 976)).toThrow(RangeError)
})

/** Not wall time: other tests run beside this one. */
const cpuMs = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1_000

import { expect, test } from 'vitest'
import { candidateFrom, descriptionFrom } from '../../../test-kit/src/dialling-person.ts'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { pack, unpack } from '../bytes/struct.ts'
import { KithError } from '../errors.ts'
import { identityFromSeed } from '../identity/keys.ts'
import type { ProtocolName } from '../identity/protocol-name.ts'
import { CANDIDATES_MAX, NAME_MAX_LENGTH, ORIGIN_MAX_LENGTH, ORIGINS_MAX, PROTOCOLS_MAX } from '../limits.ts'
import { PLAINTEXT_BYTES } from './envelope.ts'
import {
  type Accept,
  type DialMessage,
  decodeAccept,
  decodeDialMessage,
  decodeKnock,
  encodeAccept,
  encodeDialMessage,
  encodeKnock,
  type Knock,
} from './messages.ts'

const FUZZ_COUNT = Number(process.env.KITH_FUZZ ?? 20_000)
const random = seededRandom(1)
const id = identityFromSeed(random(32)).id

const KNOCK: Knock = {
  dialId: random(16),
  instance: random(16),
  replyAddress: random(32),
  replyOrigins: ['wss://relay.example', 'broadcast'],
  protocols: ['/chat/v1', '/files/1.0'],
}
const ACCEPTS: Accept[] = [
  { type: 'offer', replyAddress: random(32), instance: random(16), description: descriptionFrom(random) },
  { type: 'here', instance: random(16) },
  { type: 'spent' },
]
const MESSAGES: DialMessage[] = [
  { type: 'prove', id, signature: random(64), name: 'Zoë', relays: ['wss://relay.example/relay'] },
  { type: 'answer', description: descriptionFrom(random, false) },
  { type: 'candidates', candidates: Array.from({ length: CANDIDATES_MAX }, () => candidateFrom(random)) },
  { type: 'candidates', candidates: [] },
  { type: 'bye' },
  { type: 'spent' },
]

test('everything survives the wire', () => {
  expect(decodeKnock(encodeKnock(KNOCK))).toEqual(KNOCK)
  for (const accept of ACCEPTS) expect(decodeAccept(encodeAccept(accept))).toEqual(accept)
  for (const message of MESSAGES) expect(decodeDialMessage(encodeDialMessage(message))).toEqual(message)
})

test('a knock is [dial id, instance, reply address, origins, protocols]; an offer begins with its reply address', () => {
  expect(unpack(encodeKnock(KNOCK))).toEqual([
    KNOCK.dialId,
    KNOCK.instance,
    KNOCK.replyAddress,
    ['wss://relay.example', 'broadcast'],
    ['/chat/v1', '/files/1.0'],
  ])
  expect(unpack(encodeAccept(ACCEPTS[0]!))).toHaveLength(8)
  expect(unpack(encodeAccept(ACCEPTS[2]!))).toEqual(['spent'])
  expect(unpack(encodeDialMessage({ type: 'bye' }))).toEqual([4])
})

test('a knock that is too much for an envelope leaves out what it can, the longest still fits', () => {
  const protocols = Array.from({ length: 200 }, (_, i): ProtocolName => `/${'p'.repeat(120)}/${i}`)
  const replyOrigins = Array.from({ length: 20 }, (_, i) => `wss://${'o'.repeat(ORIGIN_MAX_LENGTH - 9)}${i}`)
  const bytes = encodeKnock({ ...KNOCK, protocols, replyOrigins })
  expect(bytes.length).toBeLessThanOrEqual(PLAINTEXT_BYTES.knockWithStatic - 2)
  const { protocols: some, replyOrigins: few } = decodeKnock(bytes)
  expect([some, few]).toEqual([protocols.slice(0, 1), replyOrigins.slice(0, few.length)])
  expect(few.length).toBeGreaterThan(0)
  // Many short ones: no more than a reader takes.
  const short = Array.from({ length: PROTOCOLS_MAX + 1 }, (_, i): ProtocolName => `/${i}`)
  expect(decodeKnock(encodeKnock({ ...KNOCK, protocols: short })).protocols).toEqual(short.slice(0, PROTOCOLS_MAX))
})

test('limits, at N and N + 1', () => {
  const knock = (origins: string[], protocols: string[]) =>
    pack([KNOCK.dialId, KNOCK.instance, KNOCK.replyAddress, origins, protocols])
  const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
  decodeKnock(knock(many(ORIGINS_MAX, 'o'), many(PROTOCOLS_MAX, '/p')))
  expect(() => decodeKnock(knock(many(ORIGINS_MAX + 1, 'o'), []))).toThrow(KithError)
  expect(() => decodeKnock(knock([], many(PROTOCOLS_MAX + 1, '/p')))).toThrow(KithError)
  decodeKnock(knock(['o'.repeat(ORIGIN_MAX_LENGTH)], []))
  expect(() => decodeKnock(knock(['o'.repeat(ORIGIN_MAX_LENGTH + 1)], []))).toThrow(KithError)
  expect(() => decodeKnock(knock([], ['no-slash']))).toThrow(KithError)

  const prove = (name: string) => encodeDialMessage({ type: 'prove', id, signature: random(64), name, relays: [] })
  decodeDialMessage(prove('n'.repeat(NAME_MAX_LENGTH)))
  expect(() => decodeDialMessage(prove('n'.repeat(NAME_MAX_LENGTH + 1)))).toThrow(KithError)

  const candidates = (count: number): DialMessage => ({ type: 'candidates', candidates: many(count, candidateFrom(random)) })
  decodeDialMessage(encodeDialMessage(candidates(CANDIDATES_MAX)))
  expect(() => decodeDialMessage(encodeDialMessage(candidates(CANDIDATES_MAX + 1)))).toThrow(KithError)
})

test('later versions may say more: unknown types are passed over, added fields ignored', () => {
  expect(decodeDialMessage(pack([99, 'anything']))).toBeUndefined()
  expect(decodeDialMessage(pack([4, 'why']))).toEqual({ type: 'bye' })
  expect(() => decodeAccept(pack(['perhaps']))).toThrow(KithError)
})

test.each([
  ['knocks', decodeKnock, [encodeKnock(KNOCK)]],
  ['accepts', decodeAccept, ACCEPTS.map(encodeAccept)],
  ['messages', decodeDialMessage, MESSAGES.map(encodeDialMessage)],
] as const)(`${FUZZ_COUNT} mutated %s: read, or a KithError`, (_name, decode, corpus) => {
  let [refused, slowestMs] = [0, 0]
  for (const bytes of mutations(9, corpus, FUZZ_COUNT)) {
    const before = process.cpuUsage()
    try {
      decode(bytes)
    } catch (error) {
      if (!(error instanceof KithError)) throw error
      refused++
    }
    slowestMs = Math.max(slowestMs, cpuMs(process.cpuUsage(before)))
  }
  expect(refused).toBeGreaterThan(FUZZ_COUNT / 4)
  expect(slowestMs).toBeLessThan(50)
})

/** Not wall time: other tests run beside this one. */
const cpuMs = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1_000

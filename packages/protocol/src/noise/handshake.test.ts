import { readFileSync } from 'node:fs'
import { x25519 } from '@noble/curves/ed25519.js'
import { expect, test } from 'vitest'
import { leastDurationMs, mutations } from '../../../test-kit/src/mutations.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { concat, fromHex, hex, utf8 } from '../bytes/bytes.ts'
import { KithError } from '../errors.ts'
import { type KeyAgreement, keyAgreementOf } from '../identity/keys.ts'
import type { Bytes } from '../machine.ts'
import { type AwaitedHandshake, type AwaitedOptions, awaitedHandshake } from './awaited-handshake.test-kit.ts'
import type { PatternName, Role } from './pattern.ts'

/** The cacophony project's form; payloads after the handshake are transport messages, by turns, each direction counted from 0. */
interface Vector {
  protocol_name: string
  init_prologue: string
  init_static?: string
  init_ephemeral: string
  init_remote_static?: string
  init_psks?: string[]
  resp_prologue: string
  resp_static?: string
  resp_ephemeral: string
  resp_remote_static?: string
  resp_psks?: string[]
  handshake_hash: string
  messages: { payload: string; ciphertext: string }[]
}

/** One a pattern, so that the tests are whole where the published files are not. */
const VECTORS: Vector[] = [
  {
    protocol_name: 'Noise_KK_25519_ChaChaPoly_SHA256',
    init_prologue: '4a6f686e2047616c74',
    init_static: 'e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1',
    init_ephemeral: '893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a',
    init_remote_static: '31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62',
    resp_prologue: '4a6f686e2047616c74',
    resp_static: '4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893',
    resp_ephemeral: 'bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b',
    resp_remote_static: '6bc3822a2aa7f4e6981d6538692b3cdf3e6df9eea6ed269eb41d93c22757b75a',
    handshake_hash: '24c6b51ecb76277140ca018b5985bc9f03de321dae2d34dcae433dafef0131d9',
    messages: [
      {
        payload: '4c756477696720766f6e204d69736573',
        ciphertext:
          'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79440177015efc1fe7a37c629af7120a96274e6ab7afcc9261901d0e09ae32a5bb96',
      },
      {
        payload: '4d757272617920526f746862617264',
        ciphertext:
          '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843b274d3429adc47ca093ba63ef90f8da89fda108db471dccfa4894aa7b00003',
      },
      {
        payload: '462e20412e20486179656b',
        ciphertext: '966b05bc69ec01b8454d3160a214e6f24a3d884eb31ec2408af63f',
      },
      {
        payload: '4361726c204d656e676572',
        ciphertext: '0ad887fba4f611bbb4afe44ba3556b8164332ca7d5934634d63d80',
      },
    ],
  },
  {
    protocol_name: 'Noise_IK_25519_ChaChaPoly_SHA256',
    init_prologue: '4a6f686e2047616c74',
    init_static: 'e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1',
    init_ephemeral: '893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a',
    init_remote_static: '31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62',
    resp_prologue: '4a6f686e2047616c74',
    resp_static: '4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893',
    resp_ephemeral: 'bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b',
    handshake_hash: '0b0f68fb0c27e03ce9b97565995ed4838cc0581b762ef72b062f6a546419fad7',
    messages: [
      {
        payload: '4c756477696720766f6e204d69736573',
        ciphertext:
          'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944718da798efbcd91528520204f904b9bd6c7413dccdc214d951e15253e39987f18146e8cd0873654207148333479d4d16c289f0294b29960a72f48e0b7bba2e89083169825e59642148d492020664ccf7',
      },
      {
        payload: '4d757272617920526f746862617264',
        ciphertext:
          '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088435361e70b2ed446e6c9ec387d1d6b3b840f194e373979d241b203c4acafccf5',
      },
      {
        payload: '462e20412e20486179656b',
        ciphertext: '050e9f3c8fac16b68dbce8f8c4bfbf6617c897f9ada4aa29aa19c8',
      },
      {
        payload: '4361726c204d656e676572',
        ciphertext: '344233a6cabb7141d80f3da2fedc311d9646bbb0f505afe403a667',
      },
    ],
  },
  {
    protocol_name: 'Noise_NNpsk0_25519_ChaChaPoly_SHA256',
    init_prologue: '4a6f686e2047616c74',
    init_psks: ['54686973206973206d7920417573747269616e20706572737065637469766521'],
    init_ephemeral: '893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a',
    resp_prologue: '4a6f686e2047616c74',
    resp_psks: ['54686973206973206d7920417573747269616e20706572737065637469766521'],
    resp_ephemeral: 'bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b',
    handshake_hash: 'f4d03dc34495c95729ea6de9e1b59004b59733102488b3e24bc441e0be208eaf',
    messages: [
      {
        payload: '4c756477696720766f6e204d69736573',
        ciphertext:
          'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c794479b962b8aff8485742ac32f905ba45369e2465fb59e138a93d67a0d1266b6a54',
      },
      {
        payload: '4d757272617920526f746862617264',
        ciphertext:
          '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843d6062704d5a9c422a8e834423f8c1feada7e8d0d910a1a2cd030fb584221e3',
      },
      {
        payload: '462e20412e20486179656b',
        ciphertext: 'e632c3763d7669067383433197a3baddf146e9e70ad4b4e9e59e0f',
      },
      {
        payload: '4361726c204d656e676572',
        ciphertext: '64c6bee32ea91c8474bb4c21d7a700109ad45af77b29764ba5eb1e',
      },
    ],
  },
]

const folder = process.env.KITH_VECTORS
const published: Vector[] = folder ? JSON.parse(readFileSync(`${folder}/noise.json`, 'utf8')).vectors : []
const PATTERN = /^Noise_(KK|IK|NNpsk0)_25519_ChaChaPoly_SHA256$/

test.each(VECTORS)('$protocol_name: a vector of our own', follows)

test.skipIf(!folder)('every published vector of our patterns (set KITH_VECTORS to the folder of noise.json)', async () => {
  const ours = published.filter((vector) => PATTERN.test(vector.protocol_name))
  expect(ours.length).toBeGreaterThanOrEqual(3)
  for (const vector of ours) await follows(vector)
})

async function follows(vector: Vector): Promise<void> {
  const pattern = PATTERN.exec(vector.protocol_name)?.[1] as PatternName
  const random = () => expect.fail('a vector leaves nothing to chance')
  const initiator = awaitedHandshake({
    ...{
      pattern,
      role: 'initiator',
      random,
      prologue: fromHex(vector.init_prologue),
      newEphemeral: async () => keyAgreementOf(fromHex(vector.init_ephemeral)),
    },
    ...(vector.init_static && { local: staticKey(fromHex(vector.init_static)) }),
    ...(vector.init_remote_static && { remote: fromHex(vector.init_remote_static) }),
    ...(vector.init_psks && { psk: fromHex(vector.init_psks[0]!) }),
  })
  const responder = awaitedHandshake({
    ...{
      pattern,
      role: 'responder',
      random,
      prologue: fromHex(vector.resp_prologue),
      newEphemeral: async () => keyAgreementOf(fromHex(vector.resp_ephemeral)),
    },
    ...(vector.resp_static && { local: staticKey(fromHex(vector.resp_static)) }),
    ...(vector.resp_remote_static && { remote: fromHex(vector.resp_remote_static) }),
    ...(vector.resp_psks && { psk: fromHex(vector.resp_psks[0]!) }),
  })

  const [first, second, ...transport] = vector.messages
  for (const [from, to, message] of [[initiator, responder, first!] as const, [responder, initiator, second!] as const]) {
    const written = await from.writeMessage(fromHex(message.payload))
    expect(hex(written)).toBe(message.ciphertext)
    expect(hex(await to.readMessage(written))).toBe(message.payload)
  }

  const [a, b] = [initiator.split(), responder.split()]
  expect([hex(a.hash), hex(b.hash)]).toEqual([vector.handshake_hash, vector.handshake_hash])
  expect(hex(a.bindKey)).toBe(hex(b.bindKey))
  transport.forEach((message, i) => {
    const [from, to] = i % 2 === 0 ? [a, b] : [b, a]
    const nonce = Math.floor(i / 2)
    expect(hex(from.send.seal(nonce, fromHex(message.payload)))).toBe(message.ciphertext)
    expect(hex(to.receive.open(nonce, fromHex(message.ciphertext)))).toBe(message.payload)
  })
}

// ── damage ──

const random = seededRandom(7)
const PROLOGUE = utf8('kith/1 test')
const [ALICE, BOB, MALLORY] = [staticKey(random(32)), staticKey(random(32)), staticKey(random(32))]
const PSK = random(32)

type Change = Partial<Pick<AwaitedOptions, 'local' | 'remote' | 'psk' | 'prologue'>>

function handshake(pattern: PatternName, role: Role, change: Change = {}): AwaitedHandshake {
  const [local, remote] = role === 'initiator' ? [ALICE, BOB.publicKey] : [BOB, ALICE.publicKey]
  const keys = {
    KK: { local, remote },
    IK: role === 'initiator' ? { local, remote } : { local },
    NNpsk0: { psk: PSK },
  }[pattern]
  return awaitedHandshake({ pattern, role, prologue: PROLOGUE, random, ...keys, ...change })
}

const violation = expect.objectContaining({ code: 'peer-violation', source: 'remote' })

function* damaged(message: Bytes): Generator<[string, Bytes]> {
  for (let bit = 0; bit < message.length * 8; bit++) {
    const flipped = message.slice()
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    yield [`bit ${bit}`, flipped]
  }
  for (let length = 0; length < message.length; length++) yield [`cut to ${length}`, message.slice(0, length)]
  yield ['a byte more', concat(message, new Uint8Array(1))]
  yield ['beyond 65,535', concat(message, new Uint8Array(65_536 - message.length))]
}

const PATTERN_NAMES = ['KK', 'IK', 'NNpsk0'] as const

test.each(PATTERN_NAMES)('%s: every flipped bit and every truncation is refused, and changes nothing', async (pattern) => {
  const [initiator, responder] = [handshake(pattern, 'initiator'), handshake(pattern, 'responder')]
  for (const [from, to] of [[initiator, responder] as const, [responder, initiator] as const]) {
    const message = await from.writeMessage(utf8('hi'))
    for (const [what, bytes] of damaged(message)) await expect(to.readMessage(bytes), what).rejects.toEqual(violation)
    // All of that met one and the same state; the right message still goes through, and both ends agree.
    expect(await to.readMessage(message)).toEqual(utf8('hi'))
  }
  const [a, b] = [initiator.split(), responder.split()]
  expect([a.hash, a.bindKey]).toEqual([b.hash, b.bindKey])
  expect(b.receive.open(9, a.send.seal(9, PSK))).toEqual(PSK)
  expect(a.receive.open(9, b.send.seal(9, PSK))).toEqual(PSK)
})

const wrong: [PatternName, string, Change][] = [
  ['KK', 'static key', { local: MALLORY }],
  ['KK', 'idea who calls', { remote: MALLORY.publicKey }],
  ['KK', 'prologue', { prologue: utf8('kith/2 test') }],
  ['IK', 'static key', { local: MALLORY }],
  ['IK', 'prologue', { prologue: new Uint8Array(0) }],
  ['NNpsk0', 'psk', { psk: new Uint8Array(32) }],
  ['NNpsk0', 'prologue', { prologue: concat(PROLOGUE, PROLOGUE) }],
]

test.each(wrong)('%s: a responder with the wrong %s cannot read the first message', async (pattern, _, change) => {
  const message = await handshake(pattern, 'initiator').writeMessage(utf8('hi'))
  await expect(handshake(pattern, 'responder', change).readMessage(message)).rejects.toEqual(violation)
  expect(await handshake(pattern, 'responder').readMessage(message)).toEqual(utf8('hi'))
})

test.each(PATTERN_NAMES)('%s: an all-zero secret is refused', async (pattern) => {
  const zero = new Uint8Array(32)
  const initiator = handshake(pattern, 'initiator')
  await initiator.writeMessage(zero)
  await expect(initiator.readMessage(concat(zero, new Uint8Array(48)))).rejects.toEqual(violation)
})

test('IK tells who called once the message is read, and not before', async () => {
  const [initiator, responder] = [handshake('IK', 'initiator'), handshake('IK', 'responder')]
  expect(responder.remoteStatic).toBeUndefined()
  const message = await initiator.writeMessage(utf8('hi'))
  await expect(responder.readMessage(message.slice(0, -1))).rejects.toEqual(violation)
  expect(responder.remoteStatic).toBeUndefined()
  await responder.readMessage(message)
  expect(responder.remoteStatic).toEqual(ALICE.publicKey)
})

test('several may answer one first message: a fork goes its own way', async () => {
  const initiator = handshake('KK', 'initiator')
  const knock = await initiator.writeMessage(utf8('hi'))
  const sessions = []
  for (const name of ['tab', 'phone']) {
    const responder = handshake('KK', 'responder')
    await responder.readMessage(knock)
    const fork = initiator.fork()
    expect(await fork.readMessage(await responder.writeMessage(utf8(name)))).toEqual(utf8(name))
    expect(fork.split().hash).toEqual(responder.split().hash)
    sessions.push(fork.split())
  }
  expect(initiator.complete).toBe(false)
  const [tab, phone] = sessions
  expect(tab!.bindKey).not.toEqual(phone!.bindKey)
  expect(() => phone!.receive.open(0, tab!.send.seal(0, PSK))).toThrow(violation)
})

// ── the caller's own mistakes ──

const mistake = expect.objectContaining({ code: 'invalid-argument' })

test('out of turn, or too early', async () => {
  const [initiator, responder] = [handshake('KK', 'initiator'), handshake('KK', 'responder')]
  await expect(responder.writeMessage(PSK)).rejects.toEqual(mistake)
  await expect(initiator.readMessage(PSK)).rejects.toEqual(violation)
  expect(() => initiator.split()).toThrow(mistake)
  const message = await initiator.writeMessage(PSK)
  await expect(initiator.writeMessage(PSK)).rejects.toEqual(mistake)
  await responder.readMessage(message)
  await expect(responder.readMessage(message)).rejects.toEqual(violation)
})

test('two messages written at once: one of them fails, so that no key and nonce seals twice', async () => {
  const initiator = handshake('KK', 'initiator')
  const outcomes = await Promise.allSettled([initiator.writeMessage(PSK), initiator.writeMessage(PROLOGUE)])
  expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('a payload that fills 65,535 bytes goes through; one more is too large, and changes nothing', async () => {
  const [initiator, responder] = [handshake('NNpsk0', 'initiator'), handshake('NNpsk0', 'responder')]
  const most = 65_535 - 32 - 16
  await expect(initiator.writeMessage(new Uint8Array(most + 1))).rejects.toMatchObject({ code: 'too-large' })
  const message = await initiator.writeMessage(new Uint8Array(most))
  expect(message.length).toBe(65_535)
  expect((await responder.readMessage(message)).length).toBe(most)
})

test.each([
  ['KK without a static key', { pattern: 'KK', remote: BOB.publicKey }],
  ['KK without the other’s', { pattern: 'KK', local: ALICE }],
  ['KK with a psk', { pattern: 'KK', local: ALICE, remote: BOB.publicKey, psk: PSK }],
  ['NNpsk0 without a psk', { pattern: 'NNpsk0' }],
  ['NNpsk0 with a static key', { pattern: 'NNpsk0', psk: PSK, local: ALICE }],
  ['a psk of 31 bytes', { pattern: 'NNpsk0', psk: PSK.subarray(1) }],
  ['a remote of 33 bytes', { pattern: 'IK', local: ALICE, remote: new Uint8Array(33) }],
] as const)('refuses %s', (_, options) => {
  expect(() => awaitedHandshake({ role: 'initiator', prologue: PROLOGUE, random, ...options })).toThrow(mistake)
})

// ── fuzz ──

// KK and IK pay for X25519 before they can refuse, a thousand times what the rest costs: they get a twentieth each.
test.each([
  ['NNpsk0', 0.9],
  ['KK', 0.05],
  ['IK', 0.05],
] as const)('%s: damaged first messages', async (pattern, share) => {
  const count = Math.ceil(Number(process.env.KITH_FUZZ ?? 20_000) * share)
  const corpus = [
    await handshake(pattern, 'initiator').writeMessage(utf8('hello')),
    await handshake(pattern, 'initiator').writeMessage(PSK),
  ]
  const whole = new Set(corpus.map(hex))
  const responder = handshake(pattern, 'responder')
  for (const bytes of mutations(11, corpus, count)) {
    if (whole.has(hex(bytes))) continue
    const refused = async () => {
      const error: unknown = await responder.readMessage(bytes).catch((reason) => reason)
      if (!(error instanceof KithError && error.code === 'peer-violation')) expect.fail(`${hex(bytes)} gave ${error}`)
    }
    if ((await leastDurationMs(refused, () => performance.now(), 50)) > 50) expect.fail(`${hex(bytes)} takes over 50 ms`)
  }
})

function staticKey(secret: Bytes): KeyAgreement {
  return {
    publicKey: x25519.getPublicKey(secret) as Bytes,
    agree: async (remote) => x25519.getSharedSecret(secret, remote) as Bytes,
  }
}

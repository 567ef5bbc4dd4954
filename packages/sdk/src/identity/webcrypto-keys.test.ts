import {
  type Bytes,
  fromHex,
  hex,
  type IdentityKeys,
  identityFromSeed,
  type PatternName,
  utf8,
  verify,
  x25519PublicKey,
} from '@kith/protocol'
import { expect, test } from 'vitest'
import { keyAgreementOf } from '../../../protocol/src/identity/keys.ts'
import { awaitedHandshake } from '../../../protocol/src/noise/awaited-handshake.test-kit.ts'
import { seededRandom } from '../../../test-kit/src/random.ts'
import { identityFromCryptoKeys, importIdentityKeys, webCryptoSupportsCurves } from './webcrypto-keys.ts'

// This file runs in Node and, through webcrypto-keys.browser.test.ts, in a browser: the same keys must give the same bytes in both.

const random = seededRandom(20_261_122)

async function both(seed: Bytes): Promise<{ noble: IdentityKeys; webCrypto: IdentityKeys }> {
  const noble = identityFromSeed(seed)
  return { noble, webCrypto: identityFromCryptoKeys({ id: noble.id, ...(await importIdentityKeys(seed)) }) }
}

test('WebCrypto has the curves here', async () => {
  expect(await webCryptoSupportsCurves()).toBe(true)
})

test.each([
  ['no subtle at all', undefined],
  ['a subtle that knows no curve', subtleThat(() => Promise.reject(new DOMException('no such algorithm', 'NotSupportedError')))],
  ['a subtle that throws', subtleThat(() => expect.fail('not implemented'))],
])('no support: %s', async (_, subtle) => {
  // An explicit undefined would take the default: that is what `{}` without crypto stands for.
  expect(await webCryptoSupportsCurves(subtle ?? ({} as SubtleCrypto))).toBe(false)
})

function subtleThat(importKey: () => Promise<CryptoKey>): SubtleCrypto {
  return { importKey } as unknown as SubtleCrypto
}

test('the same public keys, signatures and agreements as noble, over 200 seeds', async () => {
  for (let i = 0; i < 200; i++) {
    const seed = random(32)
    const message = random(random.below(200))
    const { noble, webCrypto } = await both(seed)
    const remote = x25519PublicKey(identityFromSeed(random(32)).publicKey)
    const of = async (keys: IdentityKeys) => ({
      publicKey: hex(keys.publicKey),
      agreementKey: hex(keys.keyAgreement.publicKey),
      signature: hex(await keys.sign(message)),
      shared: hex(await keys.keyAgreement.agree(remote)),
    })
    expect(await of(webCrypto), `seed ${hex(seed)}`).toEqual(await of(noble))
    expect(verify(await webCrypto.sign(message), message, noble.publicKey)).toBe(true)
  }
})

test('ephemeral pairs: none twice, and the same agreements as the public keys say', async () => {
  const { noble, webCrypto } = await both(random(32))
  const ephemerals = await Promise.all([1, 2, 3].map(() => webCrypto.newEphemeral?.() ?? expect.fail('no ephemeral pairs')))
  expect(new Set(ephemerals.map(({ publicKey }) => hex(publicKey))).size).toBe(3)
  for (const { publicKey, agree } of ephemerals) {
    expect(await agree(noble.keyAgreement.publicKey)).toEqual(await noble.keyAgreement.agree(publicKey))
    await expect(agree(new Uint8Array(32))).rejects.toMatchObject({ code: 'peer-violation', source: 'remote' })
  }
})

test.each(['KK', 'IK'] as const)('%s: ephemeral pairs of WebCrypto and drawn ones understand each other', async (pattern) => {
  const [alice, bob] = [await both(random(32)), await both(random(32))]
  for (const [caller, callee] of [
    [alice.webCrypto, bob.noble],
    [alice.noble, bob.webCrypto],
  ] as const) {
    const messages = await transcript(pattern, caller, callee)
    expect(new Set(messages).size).toBe(messages.length)
  }
})

test('the private keys cannot be read out, and do one thing each', async () => {
  const { signing, agreement } = await importIdentityKeys(random(32))
  expect([signing.extractable, signing.type, signing.usages]).toEqual([false, 'private', ['sign']])
  expect([agreement.extractable, agreement.type, agreement.usages]).toEqual([false, 'private', ['deriveBits']])
  for (const key of [signing, agreement]) {
    for (const format of ['pkcs8', 'jwk'] as const) await expect(crypto.subtle.exportKey(format, key)).rejects.toThrow()
  }
})

test('the caller’s seed is left as it was', async () => {
  const seed = random(32)
  const before = hex(seed)
  await importIdentityKeys(seed)
  expect(hex(seed)).toBe(before)
})

test.each(['KK', 'IK'] as const)(
  '%s: a handshake with one side in WebCrypto is byte for byte that of two on noble',
  async (pattern) => {
    const [alice, bob] = [await both(random(32)), await both(random(32))]
    const ephemerals: [Bytes, Bytes] = [random(32), random(32)]
    const onNoble = await transcript(pattern, alice.noble, bob.noble, ephemerals)
    expect(await transcript(pattern, alice.webCrypto, bob.noble, ephemerals)).toEqual(onNoble)
    expect(await transcript(pattern, alice.noble, bob.webCrypto, ephemerals)).toEqual(onNoble)
  },
)

async function transcript(
  pattern: PatternName,
  alice: IdentityKeys,
  bob: IdentityKeys,
  ephemerals?: [Bytes, Bytes],
): Promise<string[]> {
  const prologue = utf8('kith/1 test')
  const [local, remote] = [alice.keyAgreement, bob.keyAgreement.publicKey]
  const ephemeral = (who: IdentityKeys, which: 0 | 1) => ({
    newEphemeral: ephemerals ? async () => keyAgreementOf(ephemerals[which]) : who.newEphemeral,
  })
  const initiator = awaitedHandshake({ pattern, role: 'initiator', prologue, random, local, remote, ...ephemeral(alice, 0) })
  const known = pattern === 'KK' ? { remote: alice.keyAgreement.publicKey } : {}
  const responder = awaitedHandshake({
    ...{ pattern, role: 'responder', prologue, random, local: bob.keyAgreement, ...ephemeral(bob, 1) },
    ...known,
  })
  const first = await initiator.writeMessage(utf8('knock'))
  await responder.readMessage(first)
  const second = await responder.writeMessage(utf8('accept'))
  await initiator.readMessage(second)
  const [a, b] = [initiator.split(), responder.split()]
  expect(a.hash).toEqual(b.hash)
  return [first, second, a.hash, a.bindKey, a.send.seal(0, prologue), b.send.seal(0, prologue)].map(hex)
}

// RFC 7748 §6.1: u = 0, 1, p − 1 and the two of order 8; then keys of the wrong length
test.each([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  '09'.repeat(31),
  '09'.repeat(33),
])('no agreement with %s', async (remote) => {
  const { webCrypto } = await both(random(32))
  await expect(webCrypto.keyAgreement.agree(fromHex(remote))).rejects.toMatchObject({ code: 'peer-violation', source: 'remote' })
})

test.each([0, 31, 33])('a seed of %d bytes is refused', async (length) => {
  await expect(importIdentityKeys(new Uint8Array(length))).rejects.toMatchObject({ code: 'invalid-argument' })
})

/** What the relay sees: sealed envelopes of one size between addresses that mean nothing, and not a word of who or what. */
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'

const SEND = 5
const DELIVER = 6
const ENVELOPE_FRAME_BYTES = 1 + 32 + 1024

/** An invitation, its acceptance and a dial take at least a knock, an accept, an answer and candidates, each resent until answered. */
const ENVELOPES_AT_LEAST = 8

test('a whole journey leaves nothing with the relay but sealed envelopes', async ({ tap, newBrowser }) => {
  const page = `http://localhost:${tap.port}/`
  const ada = await Person.open(await newBrowser(), page, 'Ada Lovelace')
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  await ada.chatWith(grace, 'Difference engine')
  // Another dial, of two who know each other.
  await grace.page.reload()
  await grace.chatWith(ada, 'Analytical engine')

  const needles = [
    ...fingerprintsOf(await ada.peerId()),
    ...fingerprintsOf(await grace.peerId()),
    ...['Ada Lovelace', 'Grace Hopper', 'Difference engine', 'Analytical engine'].map((text) => Buffer.from(text)),
    // Session descriptions and candidates (RFC 8866, RFC 8839); words of two letters turn up in random bytes by themselves.
    ...[
      'candidate',
      'a=ice',
      'a=fingerprint',
      'a=mid',
      'a=setup',
      'ice-ufrag',
      'ice-pwd',
      'm=application',
      'UDP/DTLS',
      'sha-256',
    ].map((text) => Buffer.from(text)),
    ...['.local', 'typ host', '/chat/v1', 'kith-invite'].map((text) => Buffer.from(text)),
  ]
  const bytes = tap.bytes()
  for (const needle of needles)
    expect(bytes.includes(needle), `the relay saw '${needle}' (${needle.toString('hex')})`).toBe(false)
  // The same search finds each of them where they are.
  const open = Buffer.concat([bytes, ...needles])
  for (const needle of needles) expect(open.includes(needle)).toBe(true)

  const frames = tap.frames()
  for (const direction of ['to-relay', 'from-relay'] as const) {
    const type = direction === 'to-relay' ? SEND : DELIVER
    const envelopes = frames.filter((frame) => frame.direction === direction && frame.bytes[0] === type)
    expect(envelopes.length).toBeGreaterThanOrEqual(ENVELOPES_AT_LEAST)
    for (const { bytes } of envelopes) expect(bytes.length).toBe(ENVELOPE_FRAME_BYTES)
  }
})

/** A PeerId in every form that code might write it in. */
function fingerprintsOf(peerId: string): Buffer[] {
  const key = publicKeyOf(peerId)
  // At each of the three places where a key may begin within base64, without the characters that its neighbours decide.
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), key]).toString('base64url')
    return text.slice(offset === 0 ? 0 : offset + 1, 40)
  })
  return [
    Buffer.from(peerId),
    key,
    Buffer.from(key.toString('hex')),
    Buffer.from(key.toString('hex').toUpperCase()),
    ...base64.flatMap((text) => [Buffer.from(text), Buffer.from(text.replaceAll('-', '+').replaceAll('_', '/'))]),
  ]
}

/** The 32 bytes within base58btc of `00 24 08 01 12 20 ‖ public key` (libp2p's peer-ids spec). */
function publicKeyOf(peerId: string): Buffer {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let value = 0n
  for (const character of peerId) value = value * 58n + BigInt(alphabet.indexOf(character))
  // The leading zero byte is written as a '1'.
  const bytes = Buffer.from(value.toString(16).padStart(37 * 2, '0'), 'hex')
  expect(bytes.subarray(0, 5).toString('hex')).toBe('2408011220')
  return bytes.subarray(5)
}

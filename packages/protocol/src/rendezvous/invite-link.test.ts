import { base64urlnopad } from '@scure/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leastDurationMs, mutations } from '../../../test-kit/src/mutations.ts'
import { fromHex, hex, utf8 } from '../bytes/bytes.ts'
import { type Packable, pack } from '../bytes/struct.ts'
import { KithError } from '../errors.ts'
import { INVITE_MAX_LENGTH, INVITE_RELAYS_MAX, NAME_MAX_LENGTH } from '../limits.ts'
import { decodeInvite, encodeInvite, type InviteLink } from './invite-link.ts'

const SECRET = fromHex('000102030405060708090a0b0c0d0e0f')
const INVITE: InviteLink = { secret: SECRET, relays: ['wss://r.example/relay'], expiresAt: 1_795_305_600_000, name: 'Zoë' }
const link = (value: Packable) => base64urlnopad.encode(pack(value))
const refused = (reason: RegExp) => expect.objectContaining({ code: 'invalid-invite', message: expect.stringMatching(reason) })

test('on the wire', () => {
  const wire = [
    '96', // array of 6
    '01', // version
    `c410${hex(SECRET)}`, // 16 bytes: the secret
    `91b5${hex(utf8('wss://r.example/relay'))}`, // one relay, 21 bytes
    'cf000001a200000000', // u64: expiry, unix ms
    'a45a6fc3ab', // 4 bytes of UTF-8: "Zoë"
    'c404b15e6375', // 4 bytes: SHA-256 of the array of the five before, cut
  ].join('')
  const invite = { ...INVITE, expiresAt: 0x01a2_0000_0000 }
  expect(hex(base64urlnopad.decode(encodeInvite(invite)))).toBe(wire)
  expect(decodeInvite(base64urlnopad.encode(fromHex(wire)))).toEqual(invite)
  expect(decodeInvite(`#${encodeInvite(invite)}`)).toEqual(invite)
})

test('links of earlier builds, without a checksum, are read', () => {
  const old = link([1, SECRET, INVITE.relays, INVITE.expiresAt, INVITE.name])
  expect(decodeInvite(old)).toEqual(INVITE)
  for (let length = 1; length < old.length; length++) expect(() => decodeInvite(old.slice(0, length))).toThrow(refused(/damaged/))
})

test('a later version may add to it, as earlier builds read this one', () => {
  const checksum = base64urlnopad.decode(encodeInvite(INVITE)).slice(-4)
  expect(decodeInvite(link([1, SECRET, INVITE.relays, INVITE.expiresAt, INVITE.name, checksum, 'more']))).toEqual(INVITE)
})

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const swapped = (text: string, at: number) => text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2)
const swappedCase = (letter: string) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase())

/** Each with what was done to it. */
function* damagedLinks(text: string): Generator<[string, string]> {
  for (let at = 0; at < text.length; at++) {
    for (const other of ALPHABET)
      if (other !== text[at]) yield [`${other} at ${at}`, text.slice(0, at) + other + text.slice(at + 1)]
    yield [`without ${at}`, text.slice(0, at) + text.slice(at + 1)]
    yield [`${at} twice`, text.slice(0, at) + text[at] + text.slice(at)]
    yield [`up to ${at}`, text.slice(0, at)]
    yield [`from ${at}`, text.slice(at)]
    if (at + 1 < text.length) yield [`${at} and ${at + 1} swapped`, swapped(text, at)]
    const letter = text[at] ?? ''
    yield [`case at ${at}`, text.slice(0, at) + swappedCase(letter) + text.slice(at + 1)]
  }
  for (const other of ALPHABET) yield [`${other} appended`, text + other]
  yield ['lower case', text.toLowerCase()]
  yield ['upper case', text.toUpperCase()]
}

test('any one character that was changed, lost, doubled or swapped is damage', () => {
  const text = encodeInvite(INVITE)
  let tried = 0
  for (const [what, damaged] of damagedLinks(text)) {
    if (damaged === text) continue
    expect(() => decodeInvite(damaged), what).toThrow(expect.objectContaining({ code: 'invalid-invite' }))
    tried += 1
  }
  expect(tried).toBeGreaterThan(5_000)
})

test('another spelling of the same values is damage too', () => {
  const bytes = base64urlnopad.decode(encodeInvite({ ...INVITE, expiresAt: 0x01a2_0000_0000 }))
  bytes[bytes.indexOf(0xcf)] = 0xd3
  expect(() => decodeInvite(base64urlnopad.encode(bytes))).toThrow(refused(/damaged/))
})

test('what was encoded is decoded', () => {
  const relay = fc.webUrl({ validSchemes: ['ws', 'wss'], withQueryParameters: true }).map((url) => new URL(url).href)
  const invite = fc.record({
    secret: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    relays: fc.array(relay, { maxLength: INVITE_RELAYS_MAX }),
    expiresAt: fc.maxSafeNat(),
    name: fc.string({ unit: 'grapheme' }),
  })
  fc.assert(
    fc.property(invite, (given) => {
      fc.pre(given.relays.join('').length < 1000)
      const read = decodeInvite(encodeInvite(given as InviteLink))
      expect({ ...read, name: '' }).toEqual({ ...given, name: '' })
      expect(given.name.normalize('NFC').startsWith(read.name)).toBe(true)
      expect(read.name.length).toBeLessThanOrEqual(NAME_MAX_LENGTH)
    }),
  )
})

test.each([
  ['in pieces', 'Zoe\u0308', 'Zoë'],
  ['at its limit', 'a'.repeat(64), 'a'.repeat(64)],
  ['beyond', 'a'.repeat(65), 'a'.repeat(64)],
  ['cut within a pair', `${'a'.repeat(63)}😀`, 'a'.repeat(63)],
  ['with half a pair', 'a\ud83d', 'a\ufffd'],
])('a name %s', (_, name, read) => expect(decodeInvite(encodeInvite({ ...INVITE, name })).name).toBe(read))

const relays = (count: number) => Array<string>(count).fill('ws://localhost:8787/relay')

test('as many relays as allowed, and as long a link', () => {
  expect(decodeInvite(encodeInvite({ ...INVITE, relays: relays(INVITE_RELAYS_MAX) })).relays).toHaveLength(INVITE_RELAYS_MAX)
  // Base64 goes by threes: the longest link that there is has exactly the limit's characters.
  const longest = [`ws://a/${'b'.repeat(1536 - 47)}`]
  const fragment = encodeInvite({ ...INVITE, relays: longest, name: '' })
  expect(fragment).toHaveLength(INVITE_MAX_LENGTH)
  expect(decodeInvite(fragment).relays).toEqual(longest)
  expect(() => encodeInvite({ ...INVITE, relays: [`${longest[0]}b`], name: '' })).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  )
})

const withRelay = (relay: string) => link([1, SECRET, [relay], 1, ''])

test.each<[string, string, RegExp]>([
  ['nothing', '', /no invitation/],
  ['only #', '#', /no invitation/],
  ['too much', 'A'.repeat(INVITE_MAX_LENGTH + 1), /too long/],
  ['no base64url', 'AAA+', /damaged/],
  ['padding', `${encodeInvite(INVITE)}=`, /damaged/],
  ['white space', ` ${encodeInvite(INVITE)}`, /damaged/],
  ['one character less', encodeInvite(INVITE).slice(0, -1), /damaged/],
  ['no msgpack', base64urlnopad.encode(fromHex('c1')), /damaged/],
  ['no array', link('hello'), /damaged/],
  ['an empty array', link([]), /damaged/],
  ['a version that is text', link(['1']), /damaged/],
  ['version 0', link([0, SECRET, [], 1, '']), /another version/],
  ['version 2, whatever follows', link([2, 'something else']), /another version/],
  ['a secret of 15 bytes', link([1, SECRET.subarray(1), [], 1, '']), /damaged/],
  ['a secret of 17 bytes', link([1, new Uint8Array(17), [], 1, '']), /damaged/],
  ['relays that are no list', link([1, SECRET, 'wss://r.example', 1, '']), /damaged/],
  ['a relay too many', link([1, SECRET, relays(INVITE_RELAYS_MAX + 1), 1, '']), /more than 8 relays/],
  ['expiry before 1970', link([1, SECRET, [], -1, '']), /damaged/],
  ['expiry that is no integer', link([1, SECRET, [], 1.5, '']), /damaged/],
  ['a name too long', link([1, SECRET, [], 1, 'a'.repeat(NAME_MAX_LENGTH + 1)]), /damaged/],
  ['a name that is not NFC', link([1, SECRET, [], 1, 'e\u0301']), /name/],
  ['no name', link([1, SECRET, [], 1]), /damaged/],
  ['https', withRelay('https://r.example'), /ws: or wss:/],
  ['javascript', withRelay('javascript:alert(1)'), /ws: or wss:/],
  ['no scheme', withRelay('r.example'), /ws: or wss:/],
  ['no host', withRelay('wss://'), /ws: or wss:/],
  ['a user', withRelay('wss://me:pw@r.example'), /ws: or wss:/],
  ['a fragment', withRelay('wss://r.example/#a'), /ws: or wss:/],
  ['a line end', withRelay('wss://r.example\n'), /ws: or wss:/],
  ['a letter beyond ASCII', withRelay('wss://r.example/é'), /ws: or wss:/],
])('refuses %s', (_, fragment, reason) => expect(() => decodeInvite(fragment)).toThrow(refused(reason)))

test.each<[string, Partial<InviteLink>]>([
  ['a secret of 15 bytes', { secret: SECRET.slice(1) }],
  ['half a millisecond', { expiresAt: 0.5 }],
  ['a relay too many', { relays: relays(INVITE_RELAYS_MAX + 1) }],
  ['a relay that is a page', { relays: ['https://r.example'] }],
])('does not make a link with %s', (_, change) => {
  expect(() => encodeInvite({ ...INVITE, ...change })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})

test('damaged links, as text and as bytes', async () => {
  const count = Number(process.env.KITH_FUZZ ?? 20_000) / 2
  const fragment = encodeInvite({ ...INVITE, relays: relays(3) })
  const texts = function* () {
    for (const bytes of mutations(5, [utf8(fragment)], count)) yield String.fromCharCode(...bytes)
    for (const bytes of mutations(6, [base64urlnopad.decode(fragment)], count)) yield base64urlnopad.encode(bytes)
  }
  for (const text of texts()) {
    const decode = () => {
      try {
        const invite = decodeInvite(text)
        expect(decodeInvite(encodeInvite(invite))).toEqual(invite)
      } catch (error) {
        if (!(error instanceof KithError && error.code === 'invalid-invite')) throw error
      }
    }
    if ((await leastDurationMs(decode, () => performance.now(), 50)) > 50) expect.fail(`${text} takes over 50 ms`)
  }
})

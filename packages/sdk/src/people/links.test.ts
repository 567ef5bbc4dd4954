import { encodeInvite, KithError } from '@kith/protocol'
import { expect, test, vi } from 'vitest'
import { leastDurationMs, mutations } from '../../../test-kit/src/mutations.ts'
import { defaultPage, inviteLink, linkKind, parseInviteUrl, readInvite } from './links.ts'

const record = { secret: new Uint8Array(16).fill(7), expiresAt: 1_700_000_000_000 }
const link = inviteLink('https://kith.example/app?x=1#old', record, ['wss://relay.example/relay'], 'Ann Ö.')

test('a link holds all that a guest needs, in its fragment only', () => {
  const url = new URL(link)
  expect(url.origin + url.pathname + url.search).toBe('https://kith.example/app?x=1')
  expect(url.hash).toMatch(/^#kith-invite=[A-Za-z0-9_-]+$/)
  const expected = { ...record, relays: ['wss://relay.example/relay'], name: 'Ann Ö.' }
  expect(parseInviteUrl(link)).toEqual(expected)
  expect(parseInviteUrl(new URL(link))).toEqual(expected)
  expect(parseInviteUrl(` ${link.replace('https://', '')}\n`)).toEqual(expected)
})

test.each([')', '.', '),', '>', '"', '”', '…', '!', ' see you there', '&utm_source=mail', '%20', '\u200b', '*', '/'])(
  'what stands behind a link is not part of it: %s',
  (tail) => {
    expect(parseInviteUrl(link + tail)).toEqual(parseInviteUrl(link))
    expect(readInvite(`(see ${link}${tail}`)).toEqual(readInvite(link))
  },
)

test.each([')', '.', '%', ' ', '\n', 'é', '+', '/', '='])('%s within a link is damage', (character) => {
  const start = link.indexOf('=', link.indexOf('#')) + 1
  for (let at = start; at < link.length; at++) {
    expect(() => parseInviteUrl(link.slice(0, at) + character + link.slice(at + 1))).toThrow(
      expect.objectContaining({ code: 'invalid-invite' }),
    )
  }
})

test('what it says, before anything is contacted, without its secret', () => {
  expect(readInvite(new URL(link))).toEqual({
    name: 'Ann Ö.',
    relays: ['wss://relay.example/relay'],
    expiresAt: 1_700_000_000_000,
  })
  expect(() => readInvite('https://kith.example/')).toThrow(expect.objectContaining({ code: 'invalid-invite' }))
})

test('whoever wrote it cannot turn, hide or break the words beside its name, nor name a day that is none', () => {
  const linkOf = (name: string, expiresAt = record.expiresAt) =>
    inviteLink('https://kith.example/', { ...record, expiresAt }, [], name)
  const shown = (name: string) => readInvite(linkOf(name)).name
  expect(shown('Ada\u202e ecilA\u2066')).toBe('Ada ecilA')
  expect(shown('Ada\nAccepted by the bank\u2028now')).toBe('Ada Accepted by the bank now')
  expect(shown('A\u0000d\u001ba\u0085')).toBe('A d a')
  expect(shown('A\u200bd\u2060a\ufeff\u00ad')).toBe('Ada')
  for (const nothing of ['\u200b\u2060', '\u3164\uffa0', '\u2800 \u2800', '\u200d\ufe0f', '\u202e'])
    expect(shown(nothing)).toBe('')
  // What people do write stays.
  for (const name of ['عائشة', 'می‌خواهم', '👩‍👩‍👧', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'Zoë', '❤️']) expect(shown(name)).toBe(name)
  const { expiresAt } = readInvite(linkOf('Ada', Number.MAX_SAFE_INTEGER))
  expect(new Date(expiresAt).toISOString()).toMatch(/^\+275760/)
})

test('the page that links open by default is this one without its query', () => {
  for (const [href, page] of [
    ['https://kith.example/app?token=secret#old', 'https://kith.example/app'],
    ['https://kith.example/app#a?b', 'https://kith.example/app'],
    ['https://kith.example/', 'https://kith.example/'],
  ]) {
    vi.stubGlobal('location', { href })
    expect(defaultPage()).toBe(page)
  }
  vi.unstubAllGlobals()
  expect(defaultPage()).toBeUndefined()
})

test('what a page was opened with', () => {
  expect(linkKind(link)).toBe('invite')
  expect(linkKind(new URL('https://kith.example/#kith-room=abc'))).toBe('room')
  for (const other of [
    'https://kith.example/',
    'https://kith.example/#chat',
    'https://kith.example/?kith-invite=x',
    '',
    'kith-invite=x',
  ]) {
    expect(linkKind(other)).toBeUndefined()
  }
})

test.each([
  ['', /not an invitation link/],
  ['https://kith.example/', /not an invitation link/],
  ['https://kith.example/#kith-room=abc', /opens a room/],
  ['https://kith.example/#kith-invite=', /no invitation/],
  [link.slice(0, -5), /damaged/],
  [link.replace('kith-invite=', 'kith-invite=!'), /damaged/],
])('%s: a sentence for whoever opened it', (url, sentence) => {
  expect(() => parseInviteUrl(url)).toThrow(
    expect.objectContaining({ code: 'invalid-invite', message: expect.stringMatching(sentence) }),
  )
})

test('a relay that no WebSocket would take makes the link a bad one', () => {
  const fragment = encodeInvite({ ...record, relays: ['wss://relay.example:99999/'], name: '' })
  expect(() => parseInviteUrl(`https://kith.example/#kith-invite=${fragment}`)).toThrow(
    expect.objectContaining({ code: 'invalid-invite' }),
  )
})

test('a damaged link is an invitation or a sentence, whatever was damaged, and soon', async () => {
  const corpus = [link, 'kith.example/#kith-room=abc'].map((text) => new TextEncoder().encode(text))
  for (const mutated of mutations(0x11, corpus, Number(process.env.KITH_FUZZ ?? 20000))) {
    const text = new TextDecoder('latin1').decode(mutated)
    const attempt = () => {
      linkKind(text)
      try {
        parseInviteUrl(text)
      } catch (error) {
        if (!(error instanceof KithError && error.code === 'invalid-invite'))
          throw new Error(`seed 0x11: ${text}`, { cause: error })
      }
    }
    if ((await leastDurationMs(attempt, () => performance.now(), 50)) > 50) throw new Error(`seed 0x11, too slow: ${text}`)
  }
})

test('a page must be a full address', () => {
  for (const page of ['', '/app', 'kith.example']) {
    expect(() => inviteLink(page, record, [], '')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  }
})

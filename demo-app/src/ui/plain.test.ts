import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainLink, plainName, plainText } from './plain.ts'

describe('a name', () => {
  test.each([
    ['Ada Lovelace', 'Ada Lovelace'],
    ['Zoë O’Hara-Ñandú', 'Zoë O’Hara-Ñandú'],
    ['李小龙', '李小龙'],
    ['👩‍💻 Grace', '👩‍💻 Grace'],
    ['❤️', '❤️'],
    ['क्‍ष', 'क्‍ष'],
    ['A\u200bd\u200ca\u200d', 'Ada'],
    ['\u202eadA', 'adA'],
    ['Ada\u2066\u2067\u2069\u200f', 'Ada'],
    ['report\u202egnp.exe', 'reportgnp.exe'],
    ['A\u00add\u2060a\ufeff', 'Ada'],
    ['Ada\u3164\uffa0\u2800', 'Ada'],
    ['Ada\nis calling', 'Adais calling'],
    ['\u202e\u200b', ''],
  ])('%j is shown as %j', (name, shown) => {
    expect(plainName(name)).toBe(shown)
  })

  test('from right to left, it is isolated from what is beside it', () => {
    expect(plainName('עדה')).toBe('\u2068עדה\u2069')
    expect(plainName('\u202eآدا\u200f')).toBe('\u2068آدا\u2069')
  })

  test('property: none is left that is not seen, or that turns others round', () => {
    const hidden = fc.constantFrom(
      ...'\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad\0\x7f',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(hidden, fc.string({ unit: 'grapheme' }))), (parts) => {
        const shown = plainName(parts.join('')).replace(/^\u2068(.*)\u2069$/su, '$1')
        expect(shown).not.toMatch(/[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]/u)
      }),
    )
  })
})

test('of a text only overrides are left out', () => {
  expect(plainText('one\n\u202etwo\u202c \u2067שלום\u2069')).toBe('one\ntwo\u202c \u2067שלום\u2069')
})

describe('a link', () => {
  test.each([
    ['https://example.org/a?b=c#d', 'https://example.org/a?b=c#d'],
    ['http://localhost:8787/', 'http://localhost:8787/'],
    ['https://Example.ORG/Path', 'https://example.org/Path'],
    ['https://en.wikipedia.org/wiki/Größe', 'https://en.wikipedia.org/wiki/Größe'],
    ['https://ja.wikipedia.org/wiki/日本語', 'https://ja.wikipedia.org/wiki/日本語'],
    ['https://münchen.de/', 'https://münchen.de/'],
    ['https://пример.рф/путь', 'https://пример.рф/путь'],
    ['https://例え.テスト/', 'https://例え.テスト/'],
  ])('%s is shown as %s', (address, shown) => {
    expect(plainLink(address)).toEqual({ href: new URL(address).href, shown })
  })

  test.each([
    // two scripts in a label, and a host that looks like one of another script
    ['https://аpple.com/', 'https://xn--pple-43d.com/'],
    ['https://аррӏе.com/', 'https://xn--80ak6aa92e.com/'],
    ['https://gооgle.com:8443/', 'https://xn--ggle-55da.com:8443/'],
    ['https://payραl.com/', /^https:\/\/xn--payl-/],
    ['https://paypaı.com/', /^https:\/\/xn--/],
    // letters of another width, and what is not seen
    ['https://ｅｘａｍｐｌｅ.org/', 'https://example.org/'],
    ['https://exa\u00admple.org/', 'https://example.org/'],
    ['https://exam\u200bple.org/', 'https://example.org/'],
    // what passes for a slash or a dot
    ['https://bank.example⁄login.evil.example/', /^https:\/\/bank\.xn--/],
    ['https://bank.example/\\@evil.example', 'https://bank.example//@evil.example'],
    ['https://evil.example\\@bank.example/', 'https://evil.example/@bank.example/'],
    ['https://evil.example/bank．example', 'https://evil.example/bank%EF%BC%8Eexample'],
    // overrides
    ['https://evil.example/\u202egpj.exe', 'https://evil.example/%E2%80%AEgpj.exe'],
    ['https://evil.example/\u2066a\u2069', 'https://evil.example/%E2%81%A6a%E2%81%A9'],
    ['https://evil.example/?\u200f=1', 'https://evil.example/?%E2%80%8F=1'],
    ['https://evil.example/#\u200b', 'https://evil.example/#%E2%80%8B'],
    ['https://evil.example/שלום', 'https://evil.example/%D7%A9%D7%9C%D7%95%D7%9D'],
    // from right to left the labels would be turned round
    ['https://עברית.קום/', /^https:\/\/xn--/],
    // numbers that are an address
    ['http://2130706433/', 'http://127.0.0.1/'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    // encoded already
    ['https://xn--pple-43d.com/', 'https://xn--pple-43d.com/'],
  ])('%j is shown plainly', (address, shown) => {
    const link = plainLink(address)
    expect(link?.href).toBe(new URL(address).href)
    if (typeof shown === 'string') expect(link?.shown).toBe(shown)
    else expect(link?.shown).toMatch(shown)
  })

  test.each([
    'https://',
    'https://bank.example@evil.example/',
    'https://a:b@evil.example',
    'https://exa mple',
    'https://\u202emoc.elpmaxe',
    'javascript:alert(1)',
  ])('%j is none', (address) => {
    expect(plainLink(address)).toBeUndefined()
  })

  test('property: what is shown leads where it says', () => {
    const letter = fc.constantFrom(...'aeop.-/\\:?#@0\u0430\u0435\u043e\u0440\u03bf\u0131\u202e\u200b\u2044\uff0e\u05d0é日')
    fc.assert(
      fc.property(fc.array(letter, { minLength: 1, maxLength: 20 }), (letters) => {
        const link = plainLink(`https://${letters.join('')}`)
        if (link === undefined) return
        expect(new URL(link.shown).href).toBe(link.href)
        expect(link.shown).not.toMatch(/[\u200b\u202e\u05d0\u2044\uff0e]/)
        const host = link.shown.split(/[/?#]/)[2] ?? ''
        if (/[\u0430\u0435\u043e\u0440\u03bf]/.test(host)) expect(host).not.toMatch(/[a-zé日]/)
      }),
      { numRuns: 3_000 },
    )
  })
})

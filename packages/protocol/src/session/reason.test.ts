import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GOAWAY_REASON_MAX_BYTES, GOAWAY_REASON_MAX_LENGTH } from '../limits.ts'
import { exchange, readyPair } from './pair.testing.ts'
import { cutReason, utf8Length } from './reason.ts'

const encode = (text: string) => new TextEncoder().encode(text)

test('what fits is not cut, what does not is cut between characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 900 }), fc.boolean(), (reason, isLong) => {
      const cut = cutReason(reason, isLong)
      expect(utf8Length(cut)).toBe(encode(cut).length)
      const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(encode(reason))
      expect(whole.startsWith(cut)).toBe(true)
      const sizeOf = (text: string) => (isLong ? encode(text).length : text.length)
      const most = isLong ? GOAWAY_REASON_MAX_BYTES : GOAWAY_REASON_MAX_LENGTH
      expect(sizeOf(cut)).toBeLessThanOrEqual(most)
      const [next] = whole.slice(cut.length)
      if (next !== undefined) expect(sizeOf(cut + String.fromCodePoint(whole.codePointAt(cut.length) ?? 0))).toBeGreaterThan(most)
    }),
  )
})

test.each([
  ['letters', 'x', GOAWAY_REASON_MAX_BYTES, GOAWAY_REASON_MAX_LENGTH],
  ['two bytes', 'ü', GOAWAY_REASON_MAX_BYTES / 2, GOAWAY_REASON_MAX_LENGTH],
  ['three bytes', '字', Math.floor(GOAWAY_REASON_MAX_BYTES / 3), GOAWAY_REASON_MAX_LENGTH],
  ['surrogate pairs', '👋', GOAWAY_REASON_MAX_BYTES / 4, GOAWAY_REASON_MAX_LENGTH / 2],
])('a reason of %s arrives as far as the remote takes it', (_, character, long, short) => {
  for (const [features, count] of [
    [['long-reason'], long],
    [[], short],
  ] as const) {
    const [a, b] = readyPair(undefined, features)
    a.give({ type: 'close', code: 5, reason: `${character.repeat(count)}${character}` })
    exchange(a, b)
    expect(b.last('closed')).toMatchObject({ by: 'remote', code: 5, reason: character.repeat(count) })
    expect(a.session.goodbye).toEqual({ code: 5, reason: character.repeat(count) })
  }
})

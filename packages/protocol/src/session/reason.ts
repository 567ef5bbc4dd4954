/** The reason of a goaway: a sentence for a person, cut where it is too long, never within a character. */
import { GOAWAY_REASON_MAX_BYTES, GOAWAY_REASON_MAX_LENGTH } from '../limits.ts'

/**
 * As much of the reason as the remote takes: GOAWAY_REASON_MAX_BYTES of UTF-8 where it `isLong`, else GOAWAY_REASON_MAX_LENGTH
 * UTF-16 units. What is no character, half a surrogate pair, becomes U+FFFD, as in every other text that is sent (WebIDL: USVString).
 */
export function cutReason(reason: string, isLong: boolean): string {
  let left = isLong ? GOAWAY_REASON_MAX_BYTES : GOAWAY_REASON_MAX_LENGTH
  let cut = ''
  for (const character of reason) {
    const whole = isSurrogate(character) ? '\ufffd' : character
    left -= isLong ? utf8Length(whole) : whole.length
    if (left < 0) break
    cut += whole
  }
  return cut
}

/** Bytes of UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4
  }
  return bytes
}

function isSurrogate(character: string): boolean {
  return character >= '\ud800' && character <= '\udfff' && character.length === 1
}

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tidyName } from './name.ts'

test.each([
  ['Arabic', '\u0639\u0628\u062f\u0627\u0644\u0644\u0647'],
  ['Arabic, a letter shown joined before a dot', '\u0647\u200d.\u0642'],
  ['Hebrew, marks kept apart', '\u05de\u05b4\u034f\u05b7\u05dd'],
  ['Persian', '\u0639\u0644\u06cc\u200c\u0631\u0636\u0627'],
  ['Hindi, joined', '\u0915\u094d\u200d\u0937'],
  ['Hindi, not joined', '\u0915\u094d\u200c\u0937'],
  ['Malayalam', '\u0d28\u0d4d\u200d'],
  ['Mongolian', '\u182d\u1820\u180e\u1820'],
  ['Mongolian, after a variant', '\u182d\u180b\u180e\u1820'],
  ['a Han character’s variant', '\u845b\u{e0100}\u57ce'],
  ['a family', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'],
  ['a heart in colour', 'Ada \u2764\ufe0f'],
  ['a keycap', '1\ufe0f\u20e3'],
  ['a technologist, joined with a name', 'Ada \u{1f469}\u{1f3fd}\u200d\u{1f4bb}'],
  ['a flag', '\u{1f1e9}\u{1f1ea}'],
  ['a flag by tags', '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
])('what a name is spelled with stays: %s', (_, name) => expect(tidyName(name)).toBe(name))

test.each([
  ['a joiner', 'A\u200dda', 'Ada'],
  ['a non-joiner', 'A\u200cda', 'Ada'],
  ['several', 'A\u200d\u034f\u200cd\u200da', 'Ada'],
  ['a grapheme joiner', 'A\u034fda', 'Ada'],
  ['a joiner that keeps an accent apart', 'Zoe\u034f\u0308', 'Zo\u00eb'],
  ['a joiner after an accent', 'x\u0304\u200dy', 'x\u0304y'],
  ['joiners at the ends and beside spaces', '\u200dAda\u200d \u200cLovelace\u200c', 'Ada Lovelace'],
  ['spaces held apart', 'Ada \u200d Lovelace', 'Ada Lovelace'],
  ['Greek', '\u0391\u200d\u03b4\u03b1', '\u0391\u03b4\u03b1'],
  ['Cyrillic', '\u0410\u200c\u0434\u0430', '\u0410\u0434\u0430'],
  ['Han', '\u845b\u200d\u57ce', '\u845b\u57ce'],
  ['Kana', '\u3042\u200d\u30a2', '\u3042\u30a2'],
  ['Hangul', '\uac00\u200c\ub098', '\uac00\ub098'],
  ['tags', 'A\u{e0041}\u{e007f}da', 'Ada'],
  ['tags of no flag', '\u{1f600}\u{e0067}\u{e0062}\u{e007f}', '\u{1f600}'],
  ['a variant of a letter that has none', 'A\ufe0fd\u{e0100}a\u180b', 'Ada'],
  ['a variant that hides among joiners', 'A\u200d\ufe0fda\u{e0100}\u200c', 'Ada'],
  ['a joiner beside a Han character’s variant', '\u845b\u{e0100}\u200d\u57ce\u200d\ufe0f', '\u845b\u{e0100}\u57ce'],
  ['Mongolian’s separator elsewhere', 'A\u180eda', 'Ada'],
  ['Mongolian’s separator twice', '\u182d\u180e\u180e\u1820', '\u182d\u180e\u1820'],
])('what only makes two names look alike goes: %s', (_, given, name) => expect(tidyName(given)).toBe(name))

test('what is tidy is left as it is', () => {
  const parts = [
    'A',
    'e',
    '\u0308',
    ' ',
    '1',
    '\u200d',
    '\u200c',
    '\u034f',
    '\u180e',
    '\u180b',
    '\u1820',
    '\u0639',
    '\u0915',
    '\u845b',
  ]
  const odd = ['\ufe0f', '\u{e0100}', '\u{1f3f4}', '\u{e0067}', '\u{e007f}', '\u{1f468}', '\u202e', '\0', '\ud800']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts, ...odd), { maxLength: 12 }), (name) => {
      const tidy = tidyName(name.join(''))
      expect(tidyName(tidy)).toBe(tidy)
    }),
  )
})

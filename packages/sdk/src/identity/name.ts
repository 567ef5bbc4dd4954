import { KithError, NAME_MAX_LENGTH } from '@kith/protocol'

/** Marks that turn the direction of what follows (UAX #9), and those that only hide between letters. */
const HIDDEN = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u00ad]/g

/** The vowel separator is part of how Mongolian is spelled (Unicode §13.5), after a letter and its variant. */
const MONGOLIAN = /([\u1820-\u18aa][\u180b-\u180d\u180f]?\u180e)|\u180e/g

/** Tags spell the region of a black flag (UTS #51 §1.4.4). */
const TAGS = /(\u{1f3f4}[\u{e0020}-\u{e007e}]+\u{e007f})|[\u{e0000}-\u{e007f}]/gu

/** Letters of scripts whose spelling needs no joiner, and their accents. */
const PLAIN = String.raw`\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\u0300-\u034e\u0350-\u036f`
const JOINER = String.raw`\u034f\u200c\u200d`
const VARIANT = String.raw`\u180b-\u180d\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}`
/** What needs no joiner beside it. */
const APART = String.raw`${PLAIN}\p{sc=Han}\d\s\p{Cc}`

/** Variants of letters that have none: those of Han are how names are written. */
const VARIANTS = new RegExp(`([${PLAIN}])[${VARIANT}]+`, 'gu')

/** Joiners that neither side needs, and variants that hide among them. Those of Persian, Indic scripts and emoji stay. */
const JOINERS = new RegExp(
  `(?:(^|[${PLAIN}\\d\\s\\p{Cc}]|\\p{sc=Han}[${VARIANT}])[${JOINER}${VARIANT}]+|(\\p{sc=Han})[${JOINER}][${JOINER}${VARIANT}]*)(?=$|[${APART}])`,
  'gu',
)

/** Anything that can be seen: fillers and variation selectors alone make a name that looks like none. */
const VISIBLE = /[^\p{Default_Ignorable_Code_Point}\p{Cc}\s\u2800]/u

/**
 * One line, NFC, well formed, no space around it: what two people type alike compares alike, and no name can fake a second line, or turn
 * round the words beside it. '' for what shows nothing.
 */
export function tidyName(text: string): string {
  if (typeof text !== 'string') throw new KithError('invalid-argument', 'A name must be a text.')
  const name = text
    .replace(HIDDEN, '')
    .replace(MONGOLIAN, '$1')
    .replace(TAGS, '$1')
    .replace(VARIANTS, '$1')
    .replace(JOINERS, '$1$2')
    .normalize('NFC')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return VISIBLE.test(name) ? name : ''
}

/** Tidied and cut to NAME_MAX_LENGTH UTF-16 units, never through a character. May be ''. */
export function cutName(text: string): string {
  let cut = ''
  for (const character of tidyName(text)) {
    if (cut.length + character.length > NAME_MAX_LENGTH) break
    cut += character
  }
  return cut.trimEnd()
}

/** Tidied; throws 'invalid-argument' for nothing or for more than NAME_MAX_LENGTH UTF-16 units. `what`: 'a contact’s name', … */
export function parseName(text: string, what: string): string {
  const name = tidyName(text)
  if (name.length === 0 || name.length > NAME_MAX_LENGTH) {
    throw new KithError('invalid-argument', `${what} must have 1 to ${NAME_MAX_LENGTH} characters.`)
  }
  return name
}

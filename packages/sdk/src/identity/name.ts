import { KithError, NAME_MAX_LENGTH } from '@kith/protocol'

/** Marks that turn the direction of what follows (UAX #9), and those that only hide between letters. Not the joiners of Persian and of
 *  emoji, nor the tags of flags. */
const HIDDEN = /[\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u00ad]/g

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

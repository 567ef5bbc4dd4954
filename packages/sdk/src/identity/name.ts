import { KithError, NAME_MAX_LENGTH } from '@kith/protocol'

/** One line, NFC, well formed, no space around it: what two people type alike compares alike, and no name can fake a second line. */
export function tidyName(text: string): string {
  if (typeof text !== 'string') throw new KithError('invalid-argument', 'A name must be a text.')
  return text
    .normalize('NFC')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
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

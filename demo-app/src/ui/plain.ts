/**
 * Shows what others wrote as what it is. Invisible characters, and those that reverse the order of others, make a text look like another
 * one; so do letters of two scripts in a host name.
 */

/** UAX #9 §2: embeddings, overrides, isolates and marks. */
const BIDI = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069'
/** Default-ignorable and blank letters, tags and variation selectors that no emoji needs. */
const UNSEEN =
  '\\u00ad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u2028\\u2029\\u2060-\\u2065\\u206a-\\u206f\\u2800\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb\\u{1d173}-\\u{1d17a}\\u{e0100}-\\u{e0fff}'
/** Joiners belong to emoji, and to words of Arabic and Indic scripts; next to other characters they are invisible. */
const JOINERS = '(?<![\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f\\p{M}\\p{Script=Arabic}])[\\u200c\\u200d]'
const HIDDEN = new RegExp(`[\\p{Cc}${BIDI}${UNSEEN}]|${JOINERS}`, 'gu')
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u

/** The name of a person, a document or a file, for use in our own text: the text beside it keeps its order (UAX #9 §2.4: isolates). */
export function plainName(name: string): string {
  const seen = name.replace(HIDDEN, '').trim()
  return RIGHT_TO_LEFT.test(seen) ? `\u2068${seen}\u2069` : seen
}

/** Text of several lines, in an element of its own. An override (UAX #9 §2.2) only serves to deceive. */
export const plainText = (text: string): string => text.replace(/[\u202d\u202e]/g, '')

export interface PlainLink {
  readonly href: string
  readonly shown: string
}

/** A web address, and how it is shown; undefined for other text, and for an address with a user name: `https://bank.example@evil.example`. */
export function plainLink(address: string): PlainLink | undefined {
  const url = parsed(address)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined
  const { href, host, protocol, port } = url
  const [, typed = '', rest = ''] = /^https?:\/\/([^/?#\\]*)(.*)$/isu.exec(address) ?? []
  const name = typed.replace(/:\d*$/, '')
  const shownHost = isPlainHost(name) ? `${name.normalize('NFC').toLowerCase()}${port && `:${port}`}` : host
  const shown = `${protocol}//${shownHost}${isPlainRest(rest) ? rest : href.slice(`${protocol}//${host}`.length)}`
  // What is shown must lead to the same address.
  return { href, shown: parsed(shown)?.href === href ? shown : href }
}

function parsed(address: string): URL | undefined {
  try {
    return new URL(address)
  } catch {
    // Not an address: it stays text.
    return undefined
  }
}

/** Letters of Latin-1 and Latin Extended-A but for those that look like another, such as the dotless i. */
const LATIN = /^[a-z\d\u00df-\u00f6\u00f8-\u0130\u0132-\u0137\u0139-\u013e\u0141-\u0148\u014a-\u017e-]+$/
const SCRIPTS = ['Cyrillic', 'Greek', 'Hangul', 'Thai', 'Devanagari', 'Bengali', 'Tamil', 'Georgian', 'Armenian'].map(
  (script) => new RegExp(`^[\\p{Script=${script}}\\p{M}\\d-]+$`, 'u'),
)
const CHINESE_OR_JAPANESE = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30fc\d-]+$/u

/**
 * Whether a host may be shown in its own letters, not as IDNA encodes it. All labels, the last one included, must be of one script, so
 * that a host does not look like one of another script: a Cyrillic name under `.com` is shown encoded. So are right-to-left scripts, which
 * would reverse the order of labels.
 */
function isPlainHost(host: string): boolean {
  // IP addresses, capitals and encoded labels are shown as the browser reads them.
  if (/^\p{ASCII}*$/u.test(host)) return false
  const labels = host.normalize('NFC').toLowerCase().split('.')
  return [LATIN, CHINESE_OR_JAPANESE, ...SCRIPTS].some((script) =>
    labels.every((label) => script.test(label) && !/^xn--/.test(label)),
  )
}

/** Whether what follows the host may be shown as typed: no invisible characters, and none that looks like a slash, a dot or a question mark. */
function isPlainRest(rest: string): boolean {
  return (
    !/[\\\s]/.test(rest) && !/[^\p{ASCII}\p{L}\p{M}\p{N}]/u.test(rest) && !RIGHT_TO_LEFT.test(rest) && rest.search(HIDDEN) < 0
  )
}

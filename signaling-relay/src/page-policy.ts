/**
 * The Content-Security-Policy of what is served. A page runs the scripts of its own origin, and those that are written in it, each by
 * the hash of its text (CSP Level 3 §8.3): a script that gets into the page some other way is in no file, and does not run.
 */
import { createHash } from 'node:crypto'

/** Scripts and styles written in one page that its policy names: 53 bytes of header each, which proxies bound. Beyond: they are blocked. */
const INLINE_MAX = 32

/** It connects to relays anywhere, since people publish their own. */
function policyWith(scripts: readonly string[], styles: readonly string[]): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...scripts].join(' '),
    ["style-src 'self'", ...styles].join(' '),
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self' ws: wss:",
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Of what has no scripts of its own. */
export const PLAIN_POLICY = policyWith([], [])

/** Of an HTML page with this text. */
export function policyOf(html: string): string {
  const sources = { script: [] as string[], style: [] as string[] }
  for (const { name, text } of inlineOf(html).slice(0, INLINE_MAX)) {
    sources[name].push(`'sha256-${createHash('sha256').update(text).digest('base64')}'`)
  }
  return policyWith(sources.script, sources.style)
}

interface Inline {
  readonly name: 'script' | 'style'
  readonly text: string
}

/** Every script and style that is written in the page. What this reads otherwise than a browser does gets a hash that matches nothing: it is blocked. */
function inlineOf(html: string): Inline[] {
  // As the browser's parser does before it reads (HTML §13.2.3.5), which changes the text that is hashed.
  const text = html.replaceAll(/\r\n?/g, '\n').replaceAll('\0', '\u{fffd}')
  const found: Inline[] = []
  const opens = /<(?:(!--)|(script|style)(?=[\s/>]))/gi
  for (let open = opens.exec(text); open !== null; open = opens.exec(text)) {
    const name = open[2]?.toLowerCase()
    const end =
      name === 'script' || name === 'style'
        ? endOfElement(text, name, opens.lastIndex, found)
        : endOfComment(text, opens.lastIndex)
    if (end === undefined) break
    opens.lastIndex = end
  }
  return found
}

function endOfComment(text: string, from: number): number | undefined {
  // '<!-->' and '<!--->' are whole comments (HTML §13.2.5.43).
  const end = text.indexOf('-->', from - 2)
  return end < 0 ? undefined : end + 3
}

function endOfElement(text: string, name: 'script' | 'style', from: number, found: Inline[]): number | undefined {
  const start = endOfTag(text, from)
  if (start === undefined) return undefined
  const close = new RegExp(`</${name}(?=[\\s/>])`, 'gi')
  close.lastIndex = start
  const end = close.exec(text)?.index
  if (end === undefined) return undefined
  if (end > start) found.push({ name, text: text.slice(start, end) })
  return end
}

/** Behind the '>' of a tag, which may stand within a quoted attribute too. */
function endOfTag(text: string, from: number): number | undefined {
  let quote: string | undefined
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (quote !== undefined) {
      if (character === quote) quote = undefined
    } else if (character === '"' || character === "'") quote = character
    else if (character === '>') return at + 1
  }
  return undefined
}

/** RFC 8615: what is under here is meant to be public. Every other name that begins with a dot is the machine's own (.git, .env). */
const WELL_KNOWN = '.well-known'

/** What Windows reads as something else than the name of a file: streams, wildcards, devices, short names of dotfiles (GIT~1). */
const WINDOWS_FORM = /[<>:"|?*]|[. ]$|~\d|^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\.|$)/i

/**
 * The names, from the served folder down, of the file that a URL's path asks for: '/' and '/a/' ask for the index.html there. Each
 * segment is percent-decoded once. Undefined for a path that no file may have: one with an empty or a dot segment, a dotfile, a
 * separator or control character within a name, a malformed escape.
 */
export function namesOf(urlPath: string, platform: NodeJS.Platform = process.platform): readonly string[] | undefined {
  const [root, ...segments] = urlPath.split('/')
  if (root !== '' || segments.length === 0) return undefined
  if (segments.at(-1) === '') segments[segments.length - 1] = 'index.html'
  const names: string[] = []
  for (const segment of segments) {
    const name = decode(segment)
    if (name === undefined || !mayBeServed(name, names.length === 0, platform)) return undefined
    names.push(name)
  }
  return names
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined // a malformed escape
  }
}

function mayBeServed(name: string, isFirst: boolean, platform: NodeJS.Platform): boolean {
  if (name === '' || (name.startsWith('.') && !(isFirst && name === WELL_KNOWN))) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what no name may have
  if (/[/\\\x00-\x1f\x7f]/.test(name)) return false
  return platform !== 'win32' || !WINDOWS_FORM.test(name)
}

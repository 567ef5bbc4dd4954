/**
 * The shape of a remote's SDP, before our browser's parser gets it: how many sections there are and of which kind is settled by what
 * Kith does, so that a description that says otherwise costs nothing but the counting.
 */
import { SDP_SECTIONS_MAX, TRACKS_MAX, violation } from '@kith/protocol'

/** RFC 8866 §5, as Chromium splits it. What another parser takes for the end of a line would hide a line from us, or from it. */
const LINE = /^[a-z]=[^\p{Cc}\u2028\u2029]*$/u

/** Throws 'peer-violation' for what is no SDP, or none that a Kith could make. */
export function checkShape(sdp: string): void {
  const lines = sdp.replace(/\r?\n$/, '').split(/\r?\n/)
  if (!lines.every((line) => LINE.test(line))) throw violation('SDP with a line that is none')
  const starts = lines.flatMap((line, index) => (line.startsWith('m=') ? [index] : []))
  if (starts.length > SDP_SECTIONS_MAX) throw violation(`${starts.length} sections of SDP, at most ${SDP_SECTIONS_MAX} allowed`)
  const bundled = new Set(attribute(lines.slice(0, starts[0]), 'group').flatMap((group) => group.split(' ').slice(1)))
  const counts = { application: 0, audio: 0, video: 0 }
  const mids = new Set<string>()
  for (const [index, start] of starts.entries()) {
    const section = lines.slice(start, starts[index + 1])
    const [, kind, port] = /^m=(application|audio|video) (\d+)[ /]/.exec(section[0] ?? '') ?? []
    if (kind === undefined) throw violation('a section that is neither data, audio nor video')
    counts[kind as keyof typeof counts] += 1
    // RFC 8841 §4.3: the first section is that of the data channels, and stays.
    if ((kind === 'application') !== (index === 0)) throw violation('data in another section than the first')
    const [mid, ...more] = attribute(section, 'mid')
    if (more.length > 0 || (mid !== undefined && mids.has(mid))) throw violation('sections of one mid')
    if (mid !== undefined) mids.add(mid)
    // RFC 9143 §7: a section that is in use is in the one group, or it would have a transport of its own. §6: in an offer one of port
    // 0 that is 'bundle-only' is in use.
    const isUsed = Number(port) > 0 || section.some((line) => /^a=bundle-only$/i.test(line))
    if (isUsed ? !bundled.has(mid ?? '') : index === 0) throw violation('a section with another transport')
  }
  if (counts.application === 0) throw violation('SDP without data')
  if (counts.audio > TRACKS_MAX || counts.video > TRACKS_MAX) throw violation(`more than ${TRACKS_MAX} sections of a kind`)
}

/** The values of an attribute. Firefox takes its name in any case. */
export function attribute(lines: readonly string[], name: string): string[] {
  const start = `a=${name}:`
  return lines.flatMap((line) => (line.slice(0, start.length).toLowerCase() === start ? [line.slice(start.length)] : []))
}

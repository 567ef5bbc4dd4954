/** A person's initials on a colour that their id decides, so that two Adas look different. */

interface AvatarProps {
  id: string
  name: string
  /** Shown as a dot; text beside it must say so as well. */ online?: boolean
  size?: 'small' | 'large'
}

export function Avatar({ id, name, online, size = 'small' }: AvatarProps) {
  return (
    <span class={`avatar ${size}`} style={{ '--hue': String(hueOf(id)) }} aria-hidden="true">
      {initialsOf(name)}
      {online !== undefined && <span class={online ? 'presence online' : 'presence'} />}
    </span>
  )
}

/** Degrees around the colour wheel. The last characters of a PeerId are as good as random. */
export function hueOf(id: string): number {
  let hash = 0
  for (const character of id.slice(-8)) hash = (hash * 31 + character.charCodeAt(0)) % 4093
  return (hash * 137) % 360
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/)
  const first = Array.from(words[0] ?? '')[0] ?? '?'
  const last = words.length > 1 ? (Array.from(words.at(-1) ?? '')[0] ?? '') : ''
  return (first + last).toLocaleUpperCase()
}

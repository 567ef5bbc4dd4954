/** The name in an invitation link, and the relays that it leads to, shown before anything is dialled. */
import { readInvite } from '@kith/sdk'
import { text } from '../texts.ts'

interface LinkFactsProps {
  link: string
  /** Hosts of the relays that I use already. */ known?: readonly string[]
}

export function LinkFacts({ link, known = [] }: LinkFactsProps) {
  let facts: ReturnType<typeof readInvite>
  try {
    facts = readInvite(link)
  } catch {
    // An invalid link is reported when it is accepted.
    return null
  }
  const hosts = [...new Set(facts.relays.map((relay) => new URL(relay).host))]
  const words = text.accept
  return (
    <dl class="link-facts">
      <dt>{words.from}</dt>
      <dd>{facts.name === '' ? words.nameless : <bdi>{facts.name}</bdi>}</dd>
      <dt>{words.by}</dt>
      <dd>
        {hosts.length === 0 && words.noRelay}
        {hosts.map((host) => (
          <span key={host}>
            {host}
            {known.includes(host) && ` ${words.yours}`}
          </span>
        ))}
      </dd>
    </dl>
  )
}

/** Whose link it says it is, and which relays it leads to: before anything is dialled. */
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
    // What is wrong with the link is said when it is taken up.
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

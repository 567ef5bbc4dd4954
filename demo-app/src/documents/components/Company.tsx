/** The members of a document, and who has it open. Screen readers announce who comes and leaves. */
import type { PeerId } from '@kith/sdk'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Person } from '../../people/people.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import type { Present } from '../awareness-state.ts'
import { listOf, nameOf } from '../names.ts'
import { text } from '../texts.ts'

/** Pictures side by side; the others are a number. */
const SHOWN_MAX = 3

interface CompanyProps {
  members: readonly PeerId[]
  present: readonly Present[]
  people: readonly Person[]
}

export function Company({ members, present, people }: CompanyProps) {
  const here = new Map(present.map(({ id, name }) => [id, nameOf(people, id, name)]))
  const news = useNews(here)
  const away = members.filter((id) => !here.has(id)).map((id) => [id, nameOf(people, id)] as const)
  const all = [...here, ...away]
  return (
    <>
      {all.length > 0 && (
        <ul class="company" aria-label={text.people(listOf(all.map(([, name]) => name)))}>
          {all.slice(0, SHOWN_MAX).map(([id, name]) => {
            const words = here.has(id) ? text.isHere(name) : text.isAway(name)
            return (
              <li key={id} class={here.has(id) ? 'company-one here' : 'company-one'} title={words}>
                <Avatar id={id} name={name} />
                <span class="unseen">{words}</span>
              </li>
            )
          })}
          {all.length > SHOWN_MAX && <li class="company-more">+{all.length - SHOWN_MAX}</li>}
        </ul>
      )}
      <p class="unseen" role="status">
        {news}
      </p>
    </>
  )
}

function useNews(here: ReadonlyMap<string, string>): string {
  const before = useRef<ReadonlyMap<string, string>>(new Map())
  const [news, setNews] = useState('')
  useEffect(() => {
    const came = [...here].find(([id]) => !before.current.has(id))
    const left = [...before.current].find(([id]) => !here.has(id))
    before.current = here
    if (came) setNews(text.isHere(came[1]))
    else if (left) setNews(text.hasLeft(left[1]))
  }, [[...here.keys()].join(' ')])
  return news
}

/** A conversation with one person: how we are connected, the messages, and a field to write. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Person } from '../../people/people.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { useNow } from '../../ui/clock.ts'
import { ago } from '../../ui/dates.ts'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Chat } from '../chat.ts'
import { text } from '../texts.ts'
import { Composer } from './Composer.tsx'
import { MessageList } from './MessageList.tsx'

interface ConversationProps {
  chat: Chat
  person: Person
  /** Beside the name: what else can be done with this person. */ actions: ComponentChildren
  onAbout: () => void
  onBack: () => void
  onUnblock: () => void
}

export function Conversation({ chat, person, actions, onAbout, onBack, onUnblock }: ConversationProps) {
  const { id, name, online, trust } = person
  const heading = useRef<HTMLHeadingElement>(null)
  const line = useValue(chat.line)
  const hasWaiting = useValue(chat.entries).some((entry) => entry.author === 'me' && !entry.delivered)
  // On a phone the whole screen changes; where there is a keyboard, the place to write takes the focus itself.
  useEffect(() => {
    if (matchMedia('(pointer: coarse)').matches) heading.current?.focus()
  }, [])
  return (
    <section class="conversation" aria-label={name}>
      <header class="conversation-header">
        <button type="button" class="button icon-only quiet only-narrow" onClick={onBack} aria-label={text.back}>
          <Icon name="back" />
        </button>
        <Avatar id={id} name={name} online={online} />
        <div class="conversation-who">
          <h1 ref={heading} tabIndex={-1} class="clip">
            {name}
          </h1>
          <LinkWords person={person} />
        </div>
        {actions}
        <button type="button" class="button icon-only quiet" onClick={onAbout} aria-label={text.about(name)}>
          <Icon name="more" />
        </button>
      </header>
      <MessageList chat={chat} name={name} />
      {trust === 'blocked' ? (
        <p class="composer-note">
          {text.waitingBlocked(name)}
          <button type="button" class="button small" onClick={onUnblock}>
            {text.unblock}
          </button>
        </p>
      ) : (
        <>
          <p class="composer-note" role="status">
            {line.at === 'failed' ? text.trouble[line.why](name) : !online && hasWaiting ? text.waitingAway(name) : ''}
          </p>
          <Composer name={name} onSay={(said) => chat.say(said)} />
        </>
      )}
    </section>
  )
}

/** How the two are connected, in words a person understands. */
function LinkWords({ person }: { person: Person }) {
  const now = useNow()
  return (
    <p class={`link-words ${person.link}`} role="status">
      {linkWords(person)}
      {isAway(person) && person.lastSeenAt !== undefined && (
        <span class="only-wide"> · {text.link.lastSeen(ago(person.lastSeenAt, now))}</span>
      )}
    </p>
  )
}

const isAway = ({ link, online, trust }: Person) => link === 'none' && !online && trust !== 'blocked'

function linkWords({ name, link, online, trust }: Person): string {
  if (trust === 'blocked') return text.link.blocked
  switch (link) {
    case 'connecting':
      return text.link.connecting
    case 'reconnecting':
      return text.link.reconnecting
    case 'local':
      return text.link.local
    case 'direct':
      return text.link.direct
    case 'turn':
      return text.link.turn
    case 'none':
      return online ? text.link.online : text.link.away(name)
  }
}

/** What was said, by day, the newest at the end and in view unless the person has scrolled away from it. */

import { useLayoutEffect, useRef } from 'preact/hooks'
import { CallLine } from '../call/components/CallLine.tsx'
import type { Chat } from '../chat/chat.ts'
import { type ChatMessage, type Entry, isMessage } from '../chat/history.ts'
import { useNow } from '../clock.ts'
import { dayOf, momentOf, timeOf } from '../dates.ts'
import { useValue } from '../observable.ts'
import { text } from '../text.ts'
import { Icon, type IconName } from './Icon.tsx'
import { Linked } from './Linked.tsx'

/** Messages of one author within this time stand together. */
const TOGETHER_MS = 5 * 60_000

/** Pixels from the end within which the person is taken to be reading the newest. */
const NEAR_END_PX = 80

export function MessageList({ chat, name }: { chat: Chat; name: string }) {
  const entries = useValue(chat.entries)
  const sent = useValue(chat.sent)
  const hasEarlier = useValue(chat.hasEarlier)
  const now = useNow()
  const list = useRef<HTMLDivElement>(null)
  const place = useRef({ atEnd: true, height: 0 })

  // Before the browser paints, so that nothing is seen to jump.
  useLayoutEffect(() => {
    const box = list.current
    if (!box) return
    const { atEnd, height } = place.current
    if (atEnd) box.scrollTop = box.scrollHeight
    else if (box.scrollTop < NEAR_END_PX) box.scrollTop += box.scrollHeight - height
    place.current.height = box.scrollHeight
  }, [entries])
  // A keyboard that comes up on a phone, or a composer that grows, takes its place from the end.
  useLayoutEffect(() => {
    const box = list.current
    if (!box) return
    const observer = new ResizeObserver(() => {
      if (place.current.atEnd) box.scrollTop = box.scrollHeight
    })
    observer.observe(box)
    return () => observer.disconnect()
  }, [])

  return (
    <div
      ref={list}
      class="messages"
      // A region that scrolls must be reachable by keyboard.
      // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
      tabIndex={0}
      role="log"
      aria-label={text.chat.log(name)}
      onScroll={({ currentTarget: box }) => {
        place.current.atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX
      }}
    >
      <div class="messages-inner">
        {hasEarlier && (
          <button type="button" class="button small quiet earlier" onClick={() => chat.loadEarlier().catch(reportError)}>
            {text.chat.earlier}
          </button>
        )}
        {entries.length === 0 && (
          <div class="messages-none">
            <p>
              <strong>{text.chat.empty(name)}</strong>
            </p>
            <p>{text.chat.emptyHint}</p>
          </div>
        )}
        {entries.map((entry, index) => {
          const before = entries[index - 1]
          const newDay = !before || dayOf(before.at, now) !== dayOf(entry.at, now)
          const key = `${entry.author} ${entry.id}`
          return (
            <>
              {newDay && (
                <h3 class="day" key={`day ${entry.id}`}>
                  <span>{dayOf(entry.at, now)}</span>
                </h3>
              )}
              {isMessage(entry) ? (
                <Bubble
                  key={key}
                  message={entry}
                  author={entry.author === 'me' ? text.chat.you : name}
                  first={newDay || !together(before, entry)}
                  last={!together(entry, entries[index + 1])}
                  sent={sent.has(entry.id)}
                />
              ) : (
                <CallLine key={key} entry={entry} />
              )}
            </>
          )
        })}
      </div>
    </div>
  )
}

function together(a: Entry | undefined, b: Entry | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    isMessage(a) &&
    isMessage(b) &&
    a.author === b.author &&
    Math.abs(b.at - a.at) < TOGETHER_MS
  )
}

interface BubbleProps {
  message: ChatMessage
  author: string
  first: boolean
  last: boolean
  sent: boolean
}

function Bubble({ message, author, first, last, sent }: BubbleProps) {
  const shape = `bubble ${message.author}${first ? ' first' : ''}${last ? ' last' : ''}`
  return (
    <article class={shape}>
      <p class="bubble-text">
        <span class="unseen">{author}: </span>
        <bdi>
          <Linked text={message.text} />
        </bdi>
      </p>
      <p class="bubble-about">
        <time dateTime={new Date(message.at).toISOString()} title={momentOf(message.at)}>
          {timeOf(message.at)}
        </time>
        {message.author === 'me' && <Delivery delivered={message.delivered} sent={sent} />}
      </p>
    </article>
  )
}

function Delivery({ delivered, sent }: { delivered: boolean; sent: boolean }) {
  const [icon, words]: [IconName, string] = delivered
    ? ['checks', text.chat.delivered]
    : sent
      ? ['check', text.chat.sent]
      : ['clock', text.chat.waiting]
  return (
    <span class={delivered ? 'delivery delivered' : 'delivery'} title={words}>
      <Icon name={icon} />
      <span class="unseen">{words}</span>
    </span>
  )
}

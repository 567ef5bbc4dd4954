/** Messages and calls by day, the newest at the end, which stays in view unless the person has scrolled up. */

import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useNow } from '../../ui/clock.ts'
import { dayOf, momentOf, timeOf } from '../../ui/dates.ts'
import { Icon, type IconName } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Chat } from '../chat.ts'
import { type ChatMessage, type Entry, isMessage } from '../history.ts'
import { text } from '../texts.ts'
import { CallLine } from './CallLine.tsx'
import { Linked } from './Linked.tsx'

/** Messages of one author within this time stand together. */
const TOGETHER_MS = 5 * 60_000

/** Entries shown at the end, which is what fits on a screen several times; how many more with each 'Show earlier'; and how many in all to
 *  a person who has scrolled up. */
const SHOWN = 60
const SHOWN_MORE = 60
const SHOWN_MAX = 300

/** UTF-16 units and lines of a message beyond which only its start is shown: the layout of thousands of lines is slow. */
const FOLDED_LENGTH = 1000
const FOLDED_LINES = 20

/** Pixels from the end within which the person is taken to be reading the newest. */
const NEAR_END_PX = 80

const keyOf = ({ author, id }: Entry) => `${author} ${id}`

export function MessageList({ chat, name }: { chat: Chat; name: string }) {
  const all = useValue(chat.entries)
  const sent = useValue(chat.sent)
  const hasEarlier = useValue(chat.hasEarlier)
  const now = useNow()
  const list = useRef<HTMLDivElement>(null)
  const place = useRef({ atEnd: true, height: 0 })
  /** The first entry shown while the person has scrolled up: new entries do not move it. */
  const [first, setFirst] = useState<string>()
  const firstIndex = first === undefined ? -1 : all.findIndex((entry) => keyOf(entry) === first)
  const start = firstIndex >= 0 ? firstIndex : Math.max(0, all.length - SHOWN)
  const entries = all.slice(start, start + (firstIndex >= 0 ? SHOWN_MAX : SHOWN))
  const showEarlier = async () => {
    if (start === 0) await chat.loadEarlier()
    const now = chat.entries.get()
    const from = now.findIndex((entry) => entries[0] && keyOf(entry) === keyOf(entries[0]))
    const top = now[Math.max(0, from - SHOWN_MORE)]
    if (top) setFirst(keyOf(top))
  }
  const onScroll = (box: HTMLElement) => {
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX
    if (atEnd === place.current.atEnd) return
    place.current.atEnd = atEnd
    setFirst(atEnd || entries[0] === undefined ? undefined : keyOf(entries[0]))
  }

  // Before the browser paints, so that the view does not jump.
  useLayoutEffect(() => {
    const box = list.current
    if (!box) return
    const { atEnd, height } = place.current
    if (atEnd) box.scrollTop = box.scrollHeight
    else if (box.scrollTop < NEAR_END_PX) box.scrollTop += box.scrollHeight - height
    place.current.height = box.scrollHeight
  }, [all, first])
  // A phone's keyboard or a growing composer shrinks the list: its end stays in view.
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
      aria-label={text.log(name)}
      onScroll={({ currentTarget }) => onScroll(currentTarget)}
    >
      <div class="messages-inner">
        {(hasEarlier || start > 0) && (
          <button type="button" class="button small quiet earlier" onClick={() => showEarlier().catch(reportError)}>
            {text.earlier}
          </button>
        )}
        {entries.length === 0 && (
          <div class="messages-none">
            <p>
              <strong>{text.empty(name)}</strong>
            </p>
            <p>{text.emptyHint}</p>
          </div>
        )}
        {entries.map((entry, index) => {
          const before = entries[index - 1]
          const newDay = !before || dayOf(before.at, now) !== dayOf(entry.at, now)
          const key = keyOf(entry)
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
                  author={entry.author === 'me' ? text.you : name}
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
  const start = startOf(message.text)
  const [whole, setWhole] = useState(false)
  const isWhole = whole || start.length === message.text.length
  const shape = `bubble ${message.author}${first ? ' first' : ''}${last ? ' last' : ''}`
  return (
    <article class={shape}>
      <p class="bubble-text">
        <span class="unseen">{author}: </span>
        <bdi>
          <Linked text={isWhole ? message.text : start} />
        </bdi>
      </p>
      {!isWhole && (
        <button type="button" class="bubble-all" onClick={() => setWhole(true)}>
          {text.all}
        </button>
      )}
      <p class="bubble-about">
        <time dateTime={new Date(message.at).toISOString()} title={momentOf(message.at)}>
          {timeOf(message.at)}
        </time>
        {message.author === 'me' && <Delivery delivered={message.delivered} sent={sent} />}
      </p>
    </article>
  )
}

/** As much of a message as is shown at first. */
function startOf(whole: string): string {
  const lines = whole.slice(0, FOLDED_LENGTH).split('\n', FOLDED_LINES)
  const start = lines.join('\n')
  // Not within a surrogate pair.
  return start.length < whole.length ? start.replace(/[\ud800-\udbff]$/, '') : start
}

function Delivery({ delivered, sent }: { delivered: boolean; sent: boolean }) {
  const [icon, words]: [IconName, string] = delivered
    ? ['checks', text.delivered]
    : sent
      ? ['check', text.sent]
      : ['clock', text.waiting]
  return (
    <span class={delivered ? 'delivery delivered' : 'delivery'} title={words}>
      <Icon name={icon} />
      <span class="unseen">{words}</span>
    </span>
  )
}

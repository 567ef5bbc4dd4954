/** Dates and times in words, in the language of the browser. */
import { text } from './texts.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' })
const shortDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const dayAndYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

const startOfDay = (at: number) => new Date(at).setHours(0, 0, 0, 0)
/** Rounded, since a day of a clock change has 23 or 25 hours. */
const daysBetween = (at: number, now: number) => Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS)

/** '14:05' */
export const timeOf = (at: number): string => clock.format(at)

/** How long something lasted: '3:05', '1:00:00'. */
export function lengthOf(lastedMs: number): string {
  const seconds = Math.max(0, Math.floor(lastedMs / 1_000))
  const padded = (number: number) => String(number).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  return `${hours > 0 ? `${hours}:${padded(minutes % 60)}` : minutes}:${padded(seconds % 60)}`
}

/** '22 Nov 2026, 14:05' */
export const momentOf = (at: number): string => full.format(at)

/** '22 November 2026' */
export const dateOf = (at: number): string => dayAndYear.format(at)

/** A heading between messages of different days: 'Today', 'Friday, 20 November'. */
export function dayOf(at: number, now: number): string {
  const days = daysBetween(at, now)
  if (days === 0) return text.today
  if (days === 1) return text.yesterday
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? longDay.format(at) : dayAndYear.format(at)
}

/** As short as a list needs it: '14:05', 'Fri', '20 Nov'. */
export function shortWhen(at: number, now: number): string {
  const days = daysBetween(at, now)
  if (days <= 0) return clock.format(at)
  return days < 7 ? weekday.format(at) : shortDay.format(at)
}

/** 'just now', '10 minutes ago', 'yesterday'. */
export function ago(at: number, now: number): string {
  const passedMs = now - at
  if (passedMs < MINUTE_MS) return text.justNow
  if (passedMs < HOUR_MS) return relative.format(-Math.floor(passedMs / MINUTE_MS), 'minute')
  const days = daysBetween(at, now)
  if (days === 0) return relative.format(-Math.floor(passedMs / HOUR_MS), 'hour')
  return days < 30 ? relative.format(-days, 'day') : dateOf(at)
}

/** When something ends: '14:05' today, else '23 Nov, 14:05'. */
export function until(at: number, now: number): string {
  return daysBetween(at, now) === 0 ? clock.format(at) : `${shortDay.format(at)}, ${clock.format(at)}`
}

/** Line drawings of 20 by 20, in the colour of the text around them. Always beside words or in a labelled button. */
const PATHS = {
  back: 'M12 4.5 6.5 10l5.5 5.5',
  close: 'm5.5 5.5 9 9m0-9-9 9',
  copy: 'M7.5 7.5V4.8c0-.7.6-1.3 1.3-1.3h6.4c.7 0 1.3.6 1.3 1.3v6.4c0 .7-.6 1.3-1.3 1.3h-2.7M4.8 7.5h6.4c.7 0 1.3.6 1.3 1.3v6.4c0 .7-.6 1.3-1.3 1.3H4.8c-.7 0-1.3-.6-1.3-1.3V8.8c0-.7.6-1.3 1.3-1.3Z',
  check: 'm4.5 10.5 3.5 3.5 7.5-8',
  clock: 'M10 6v4l2.5 1.5M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0Z',
  checks: 'm2 10.5 3.2 3.5 6.3-8m-2 6.7L10.7 14l6.8-8',
  invite: 'M8 10a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 8 10Zm-5.5 6.5c.4-2.7 2.7-4 5.5-4 1.2 0 2.3.2 3.2.7M15 11v6m-3-3h6',
  more: 'M5 10h.01M10 10h.01M15 10h.01',
  send: 'M10 16V4.5M5 9.3l5-5 5 5',
  warn: 'M10 7.5V11m0 2.7v.1M8.8 3.9 2.7 14.5c-.5.9.1 2 1.2 2h12.2c1.1 0 1.7-1.1 1.2-2L11.2 3.9c-.5-.9-1.9-.9-2.4 0Z',
  share: 'M10 12V3.5M6.8 6.3 10 3.2l3.2 3.1M5 10.5v4.7c0 .7.6 1.3 1.3 1.3h7.4c.7 0 1.3-.6 1.3-1.3v-4.7',
  newTab: 'M11.5 4H16v4.5M16 4l-6.5 6.5M8 5H5.3C4.6 5 4 5.6 4 6.3v8.4c0 .7.6 1.3 1.3 1.3h8.4c.7 0 1.3-.6 1.3-1.3V12',
  chat: 'M17 9.5c0 3.3-3.1 6-7 6-.9 0-1.8-.1-2.6-.4L3.5 16.5l1.2-3C3.6 12.4 3 11 3 9.5c0-3.3 3.1-6 7-6s7 2.7 7 6Z',
  document:
    'M11.5 3H6.3C5.6 3 5 3.6 5 4.3v11.4c0 .7.6 1.3 1.3 1.3h7.4c.7 0 1.3-.6 1.3-1.3V6.5L11.5 3Zm0 0v3.5H15M7.5 10h5m-5 3h3.5',
  add: 'M10 4.5v11M4.5 10h11',
  download: 'M10 3.5V12M6.8 9.2l3.2 3.1 3.2-3.1M4 13.5v1.7c0 .7.6 1.3 1.3 1.3h9.4c.7 0 1.3-.6 1.3-1.3v-1.7',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}

/** Two people who overlap. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <circle cx="12.4" cy="16" r="5.4" />
      <circle cx="19.6" cy="16" r="5.4" />
    </svg>
  )
}

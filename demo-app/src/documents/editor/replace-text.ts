import type * as Y from 'yjs'

/** Only what differs is taken out and put in, so that what someone else writes at the same time elsewhere in it stays. */
export function replaceText(text: Y.Text, wanted: string): void {
  const now = text.toString()
  let start = 0
  while (start < now.length && now[start] === wanted[start]) start += 1
  let end = 0
  while (end < Math.min(now.length, wanted.length) - start && now.at(-1 - end) === wanted.at(-1 - end)) end += 1
  const apply = () => {
    if (now.length - end > start) text.delete(start, now.length - end - start)
    if (wanted.length - end > start) text.insert(start, wanted.slice(start, wanted.length - end))
  }
  if (now !== wanted) text.doc?.transact(apply)
}

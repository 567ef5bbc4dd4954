/** Ctrl+B and Ctrl+I: put the asterisks of Markdown around the selection or the word at the cursor, or remove them. */
import { EditorSelection, type EditorState, type SelectionRange, type StateCommand } from '@codemirror/state'

type Mark = '**' | '*'

export const toggleBold: StateCommand = (target) => toggle(target, '**')
export const toggleItalic: StateCommand = (target) => toggle(target, '*')

function toggle({ state, dispatch }: Parameters<StateCommand>[0], mark: Mark): boolean {
  if (state.readOnly) return false
  const length = mark.length
  // One of them is italic, two are bold, three are both.
  const isMark = (asterisks: number) => (mark === '*' ? asterisks % 2 === 1 : asterisks >= 2)
  const change = state.changeByRange((range) => {
    // At the end of a marked word, the cursor moves behind its mark.
    if (range.empty && /[^\s*]/.test(charBefore(state, range.head)) && isMark(asterisksAfter(state, range.head)))
      return { range: EditorSelection.cursor(range.head + length) }
    const { from, to } = wordsOf(state, range)
    const isMarked = isMark(asterisksAround(state, from, to))
    const changes = isMarked
      ? [
          { from: from - length, to: from },
          { from: to, to: to + length },
        ]
      : [
          { from, insert: mark },
          { from: to, insert: mark },
        ]
    const shift = isMarked ? -length : length
    const within = (at: number) => Math.min(Math.max(at, from), to) + shift
    return { changes, range: EditorSelection.range(within(range.anchor), within(range.head)) }
  })
  dispatch(state.update(change, { scrollIntoView: true, userEvent: 'input' }))
  return true
}

/** Without the spaces and asterisks at its ends: beside a space asterisks mark nothing, and those that are there count as around it. */
function wordsOf(state: EditorState, range: SelectionRange): { from: number; to: number } {
  const word = range.empty ? state.wordAt(range.head) : null
  const isInWord = word && word.from < range.head && range.head < word.to
  const { from, to } = isInWord ? word : range
  const selected = state.sliceDoc(from, to)
  const start = selected.search(/[^\s*]/)
  return start < 0 ? { from, to } : { from: from + start, to: from + selected.search(/[\s*]*$/) }
}

const charBefore = (state: EditorState, at: number) => state.sliceDoc(Math.max(at - 1, 0), at)

function asterisksAfter(state: EditorState, at: number): number {
  let count = 0
  while (state.sliceDoc(at + count, at + count + 1) === '*') count += 1
  return count
}

/** How many asterisks stand on both sides. */
function asterisksAround(state: EditorState, from: number, to: number): number {
  let count = 0
  while (charBefore(state, from - count) === '*' && state.sliceDoc(to + count, to + count + 1) === '*') count += 1
  return count
}

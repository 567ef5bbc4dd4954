import { EditorSelection, EditorState, type StateCommand } from '@codemirror/state'
import { describe, expect, test } from 'vitest'
import { continueList } from './lists.ts'
import { markdown } from './markdown.ts'
import { toggleBold, toggleItalic } from './marks.ts'

/** `|` is the cursor; two of them are the ends of what is selected. Undefined where the key is left to others. */
function press(command: StateCommand, written: string): string | undefined {
  const [before = '', selected = '', after] = written.split('|')
  const doc = before + selected + (after ?? '')
  const head = after === undefined ? before.length : before.length + selected.length
  const selection = EditorSelection.single(before.length, head)
  let state = EditorState.create({ doc, selection, extensions: [markdown] })
  const isDone = command({
    state,
    dispatch: (transaction) => {
      state = transaction.state
    },
  })
  if (!isDone) return undefined
  const { from, to, empty } = state.selection.main
  const rest = state.sliceDoc(to)
  return `${state.sliceDoc(0, from)}|${empty ? '' : `${state.sliceDoc(from, to)}|`}${rest}`
}

describe('Enter', () => {
  test.each([
    ['- one|', '- one\n- |'],
    ['- one| and two', '- one\n- | and two'],
    ['* one|', '* one\n* |'],
    ['9. nine|', '9. nine\n10. |'],
    ['1) one|', '1) one\n2) |'],
    ['- [x] done|', '- [x] done\n- [ ] |'],
    ['- one\n  - two|', '- one\n  - two\n  - |'],
    ['> said|', '> said\n> |'],
    ['- one\n- |', '- one\n|'],
    ['- one\n- [ ] |', '- one\n|'],
    ['words|', undefined],
    ['-|no list', undefined],
    ['|- one', undefined],
    ['```\n- one|\n```', undefined],
    ['- o|n|e', undefined],
  ])('%j', (written, expected) => {
    expect(press(continueList, written)).toBe(expected)
  })
})

describe('Ctrl+B and Ctrl+I', () => {
  test.each([
    [toggleBold, 'a |word| here', 'a **|word|** here'],
    [toggleBold, 'a **|word|** here', 'a |word| here'],
    [toggleBold, 'a |**word**| here', 'a |word| here'],
    [toggleBold, 'a | word | here', 'a  **|word|**  here'],
    [toggleBold, 'a wo|rd here', 'a **wo|rd** here'],
    [toggleBold, 'a **wo|rd** here', 'a wo|rd here'],
    [toggleBold, 'a *|word|* here', 'a ***|word|*** here'],
    [toggleBold, '|', '**|**'],
    [toggleBold, 'a word|', 'a word**|**'],
    [toggleBold, 'a **word|** here', 'a **word**| here'],
    [toggleItalic, 'a **word|** here', 'a **word*|*** here'],
    [toggleItalic, 'a *word|*', 'a *word*|'],
    [toggleBold, '**|**', '|'],
    [toggleItalic, 'a |word| here', 'a *|word|* here'],
    [toggleItalic, 'a **|word|** here', 'a ***|word|*** here'],
    [toggleItalic, 'a ***|word|*** here', 'a **|word|** here'],
    [toggleItalic, 'a *|word|* here', 'a |word| here'],
  ])('%#: %j', (command, written, expected) => {
    expect(press(command, written)).toBe(expected)
  })
})

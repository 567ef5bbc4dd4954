/** Enter continues the list or the quotation of the line; in an empty item it ends it. */
import { syntaxTree } from '@codemirror/language'
import { type ChangeSpec, EditorSelection, type EditorState, type StateCommand } from '@codemirror/state'

/** What a line of a list or a quotation begins with: where it stands, its mark, the gap after it, and a box to tick. */
const MARK = /^(?<indent>\s*)(?:(?<bullet>[-*+>])|(?<number>\d{1,9})(?<dot>[.)]))(?<gap>\s+)(?<box>\[[ xX]\]\s+)?/

export const continueList: StateCommand = ({ state, dispatch }) => {
  if (state.readOnly) return false
  let isAbout = false
  const change = state.changeByRange((range) => {
    const line = state.doc.lineAt(range.head)
    const mark = range.empty ? MARK.exec(line.text) : null
    const end = line.from + (mark?.[0].length ?? 0)
    if (!mark || range.head < end || !isMarked(state, line.from + (mark.groups?.indent?.length ?? 0))) {
      const insert = state.lineBreak
      return { changes: { from: range.from, to: range.to, insert }, range: EditorSelection.cursor(range.from + insert.length) }
    }
    isAbout = true
    const isEmpty = end === line.to
    const changes: ChangeSpec = isEmpty
      ? { from: line.from, to: line.to }
      : { from: range.head, insert: state.lineBreak + nextMark(mark.groups ?? {}) }
    return { changes, range: EditorSelection.cursor(isEmpty ? line.from : range.head + String(changes.insert).length) }
  })
  if (isAbout) dispatch(state.update(change, { scrollIntoView: true, userEvent: 'input' }))
  return isAbout
}

/** The numbers below stay as they are: counted on by two people at once they would be doubled, and Markdown shows them in order. */
function nextMark({ indent = '', bullet, number, dot, gap = ' ', box }: Record<string, string | undefined>): string {
  return indent + (bullet ?? `${Number(number) + 1}${dot}`) + gap + (box ? '[ ] ' : '')
}

/** In a block of code, a line that begins like one of a list is none. */
function isMarked(state: EditorState, at: number): boolean {
  for (let node = syntaxTree(state).resolveInner(at, 1); node.parent; node = node.parent)
    if (node.name === 'ListItem' || node.name === 'Blockquote') return true
  return false
}

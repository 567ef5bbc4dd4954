/**
 * The text, in CodeMirror. It lives in a shadow root: there CodeMirror's styles are adopted style sheets, which the page's
 * content security policy allows, where in the document they would be a `<style>` element, which it does not.
 */
import { defaultKeymap } from '@codemirror/commands'
import { EditorState, type Extension, StateEffect } from '@codemirror/state'
import { drawSelection, dropCursor, EditorView, keymap, placeholder } from '@codemirror/view'
import { useEffect, useRef } from 'preact/hooks'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import * as Y from 'yjs'
import type { LiveDocument } from '../live-document.ts'
import { text } from '../texts.ts'
import { othersCursors } from './cursors.ts'
import { find } from './find.tsx'
import { continueList } from './lists.ts'
import { markdown } from './markdown.ts'
import { toggleBold, toggleItalic } from './marks.ts'
import { theme } from './theme.ts'

/** UTF-16 units. Beyond: my input is refused with a notice. What others write is still merged. */
export const TEXT_MAX_LENGTH = 1_000_000

interface TextEditorProps {
  document: LiveDocument
  label: string
  nameOf: (id: string, said: string) => string
  /** Something did not fit and was refused as a whole; false: what came next did. */
  onFull: (isFull: boolean) => void
  /** Filled with what puts the focus into the text. */
  focusRef: { current: () => void }
}

export function TextEditor({ document, label, nameOf, onFull, focusRef }: TextEditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const names = useRef(nameOf)
  names.current = nameOf
  const view = useRef<EditorView>(undefined)
  useEffect(() => {
    if (!host.current) return
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' })
    // It undoes what I wrote, not what others wrote.
    const undoManager = new Y.UndoManager(document.text)
    const cursors = othersCursors(document.text, document.awareness, (id, said) => names.current(id, said))
    const editor = new EditorView({ root, parent: root, state: stateOf(document, label, undoManager, [cursors, limit(onFull)]) })
    view.current = editor
    focusRef.current = () => editor.focus()
    if (document.title.length > 0 && !matchMedia('(pointer: coarse)').matches) editor.focus()
    return () => {
      editor.destroy()
      undoManager.destroy()
    }
  }, [document])
  useEffect(() => {
    view.current?.contentDOM.setAttribute('aria-label', label)
  }, [label])
  return <div class="document-text" ref={host} />
}

function stateOf(document: LiveDocument, label: string, undoManager: Y.UndoManager, more: Extension): EditorState {
  return EditorState.create({
    doc: document.text.toString(),
    extensions: [
      // A lone '\r' is a character like others, as it is to Yjs; what is pasted has its line ends made one kind.
      EditorState.lineSeparator.of('\n'),
      EditorView.clipboardInputFilter.of((pasted) => pasted.replaceAll(/\r\n?/g, '\n')),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({
        'aria-label': label,
        spellcheck: 'true',
        autocorrect: 'on',
        autocapitalize: 'sentences',
      }),
      drawSelection(),
      dropCursor(),
      placeholder(text.placeholder),
      markdown,
      theme,
      more,
      // Cursors are drawn in `more`: the package's own set style attributes, which the policy forbids.
      yCollab(document.text, null, { undoManager }),
      // Tab leaves the editor, as it leaves any other field.
      find,
      keymap.of([
        { key: 'Enter', run: continueList },
        { key: 'Mod-b', run: toggleBold },
        { key: 'Mod-i', run: toggleItalic },
        ...yUndoManagerKeymap,
        ...defaultKeymap,
      ]),
    ],
  })
}

const refused = StateEffect.define<null>()

/** Input that does not fit is refused as a whole: no half of it is inserted, and nothing is deleted for it. */
function limit(onFull: (isFull: boolean) => void): Extension {
  return [
    EditorState.transactionFilter.of((transaction) => {
      const { newDoc, startState } = transaction
      const isTooLong = newDoc.length > TEXT_MAX_LENGTH && newDoc.length > startState.doc.length
      return transaction.isUserEvent('input') && isTooLong ? { effects: refused.of(null) } : transaction
    }),
    EditorView.updateListener.of(({ docChanged, transactions }) => {
      if (transactions.some(({ effects }) => effects.some((effect) => effect.is(refused)))) onFull(true)
      else if (docChanged) onFull(false)
    }),
  ]
}

/** Sends my cursor to the others, and draws theirs. */
import { type Extension, type Range, StateEffect } from '@codemirror/state'
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate, WidgetType } from '@codemirror/view'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { hueOf } from '../../ui/Avatar.tsx'
import { othersIn, type Position } from '../awareness-state.ts'

/** How long a name stays beside a cursor that does not move. */
const NAME_SHOWN_MS = 4_000

type NameOf = (id: string, said: string) => string

export function othersCursors(text: Y.Text, awareness: Awareness, nameOf: NameOf): Extension {
  return ViewPlugin.define((view) => new Cursors(view, text, awareness, nameOf), { decorations: (cursors) => cursors.shown })
}

/** Someone moved, came or went. */
const moved = StateEffect.define<null>()

interface Cursor {
  readonly client: number
  readonly name: string
  readonly hue: number
  readonly anchor: number
  readonly head: number
}

class Cursors {
  shown: DecorationSet = Decoration.none
  readonly #view: EditorView
  readonly #text: Y.Text
  readonly #awareness: Awareness
  readonly #nameOf: NameOf
  /** When someone's cursor was last set, by them. */
  readonly #movedAt = new Map<number, number>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(view: EditorView, text: Y.Text, awareness: Awareness, nameOf: NameOf) {
    this.#view = view
    this.#text = text
    this.#awareness = awareness
    this.#nameOf = nameOf
    awareness.on('change', this.#changed)
    this.#show()
  }

  update(update: ViewUpdate): void {
    if ((update.selectionSet || update.docChanged || update.focusChanged) && update.view.hasFocus) this.#publish()
    const isMoved = update.transactions.some(({ effects }) => effects.some((effect) => effect.is(moved)))
    if (isMoved || update.docChanged) this.#show()
  }

  destroy(): void {
    clearTimeout(this.#timer)
    this.#awareness.off('change', this.#changed)
  }

  readonly #changed = ({ added, updated, removed }: { added: number[]; updated: number[]; removed: number[] }) => {
    const me = this.#awareness.clientID
    // I have just become visible to the others.
    if (added.includes(me) && this.#view.hasFocus) queueMicrotask(() => this.#publish())
    const others = [...added, ...updated].filter((client) => client !== me)
    for (const client of others) this.#movedAt.set(client, Date.now())
    for (const client of removed) this.#movedAt.delete(client)
    // Awareness may change while the editor is in the middle of an update of its own.
    if (others.length > 0 || removed.length > 0) queueMicrotask(() => this.#refresh())
  }

  #refresh(): void {
    if (this.#view.dom.isConnected) this.#view.dispatch({ effects: moved.of(null) })
    clearTimeout(this.#timer)
    if (this.#movedAt.size > 0) this.#timer = setTimeout(() => this.#becomeStill(), NAME_SHOWN_MS)
  }

  #becomeStill(): void {
    if (this.#view.dom.isConnected) this.#view.dispatch({ effects: moved.of(null) })
  }

  #publish(): void {
    const { anchor, head } = this.#view.state.selection.main
    const cursor = {
      anchor: Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.#text, anchor)),
      head: Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.#text, head)),
    }
    const said = JSON.stringify(this.#awareness.getLocalState()?.cursor)
    if (said !== JSON.stringify(cursor)) this.#awareness.setLocalStateField('cursor', cursor)
  }

  #show(): void {
    const ranges: Range<Decoration>[] = []
    const length = this.#view.state.doc.length
    const now = Date.now()
    for (const { client, name, hue, anchor, head } of this.#cursors()) {
      const from = Math.min(anchor, head, length)
      const to = Math.min(Math.max(anchor, head), length)
      if (from < to) {
        const attributes = { style: `--hue: ${hue}` }
        ranges.push(Decoration.mark({ class: 'cm-other-selection', attributes }).range(from, to))
      }
      const isStill = now - (this.#movedAt.get(client) ?? 0) >= NAME_SHOWN_MS
      // On the outer side of what is selected, so that it is where the next letter goes.
      const widget = new Caret(name, hue, isStill)
      ranges.push(Decoration.widget({ widget, side: head > anchor ? -1 : 1 }).range(Math.min(head, length)))
    }
    this.shown = Decoration.set(ranges, true)
  }

  *#cursors(): Generator<Cursor> {
    for (const { client, id, name, cursor } of othersIn(this.#awareness)) {
      const anchor = cursor && this.#indexOf(cursor.anchor)
      const head = cursor && this.#indexOf(cursor.head)
      if (anchor === undefined || head === undefined) continue
      yield { client, name: this.#nameOf(id, name), hue: hueOf(id), anchor, head }
    }
  }

  /** Undefined for what is not here yet, and for what is in another text of this document. */
  #indexOf(position: Position): number | undefined {
    const { doc } = this.#text
    const found = doc && Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(position), doc)
    return found?.type === this.#text ? found.index : undefined
  }
}

class Caret extends WidgetType {
  readonly #name: string
  readonly #hue: number
  readonly #isStill: boolean

  constructor(name: string, hue: number, isStill: boolean) {
    super()
    this.#name = name
    this.#hue = hue
    this.#isStill = isStill
  }

  override eq(other: Caret): boolean {
    return other.#name === this.#name && other.#hue === this.#hue && other.#isStill === this.#isStill
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span')
    // Who is there is said in the header; a name in the middle of the text would be read as part of it.
    caret.setAttribute('aria-hidden', 'true')
    const name = document.createElement('span')
    name.className = 'cm-other-name'
    name.textContent = this.#name
    caret.append(name)
    this.updateDOM(caret)
    return caret
  }

  /** The same element goes on, so that the name fades. */
  override updateDOM(caret: HTMLElement): boolean {
    caret.className = this.#isStill ? 'cm-other-caret still' : 'cm-other-caret'
    caret.style.setProperty('--hue', String(this.#hue))
    const [name] = caret.children
    if (name) name.textContent = this.#name
    return true
  }

  override ignoreEvent(): boolean {
    return true
  }
}

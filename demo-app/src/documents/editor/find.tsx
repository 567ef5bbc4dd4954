/** Ctrl+F: finds text in the document. The browser's own search sees only the lines that CodeMirror has drawn. */
import {
  closeSearchPanel,
  findNext,
  findPrevious,
  getSearchQuery,
  openSearchPanel,
  SearchQuery,
  search,
  setSearchQuery,
} from '@codemirror/search'
import type { EditorState, Extension } from '@codemirror/state'
import { type EditorView, type KeyBinding, keymap, type Panel, runScopeHandlers } from '@codemirror/view'
import { render } from 'preact'
import { Icon } from '../../ui/Icon.tsx'
import { text as uiText } from '../../ui/texts.ts'
import { text } from '../texts.ts'

/** Matches that are counted. Beyond: 'More than', since counting takes time with each letter that is typed. */
const COUNTED_MAX = 999

const KEYS: readonly KeyBinding[] = [
  { key: 'Mod-f', run: openSearchPanel, scope: 'editor search-panel' },
  { key: 'F3', run: findNext, shift: findPrevious, scope: 'editor search-panel', preventDefault: true },
  { key: 'Mod-g', run: findNext, shift: findPrevious, scope: 'editor search-panel', preventDefault: true },
  { key: 'Escape', run: closeSearchPanel, scope: 'editor search-panel' },
]

export const find: Extension = [search({ top: true, createPanel }), keymap.of(KEYS)]

function createPanel(view: EditorView): Panel {
  const dom = document.createElement('div')
  dom.className = 'cm-find'
  const show = () => render(<Find view={view} />, dom)
  show()
  return {
    dom,
    top: true,
    mount: () => dom.querySelector('input')?.select(),
    update: ({ docChanged, selectionSet, transactions }) => {
      const isAsked = transactions.some(({ effects }) => effects.some((effect) => effect.is(setSearchQuery)))
      if (docChanged || selectionSet || isAsked) show()
    },
    destroy: () => render(null, dom),
  }
}

function Find({ view }: { view: EditorView }) {
  const words = text.find
  const query = getSearchQuery(view.state)
  const ask = (wanted: string) =>
    view.dispatch({ effects: setSearchQuery.of(new SearchQuery({ search: wanted, literal: true })) })
  const onKeyDown = (event: KeyboardEvent) => {
    if (runScopeHandlers(view, event, 'search-panel')) event.preventDefault()
    else if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
      event.preventDefault()
      const go = event.shiftKey ? findPrevious : findNext
      go(view)
    }
  }
  return (
    <search class="cm-find-row" onKeyDown={onKeyDown}>
      <input
        main-field="true"
        aria-label={words.field}
        placeholder={words.field}
        autocomplete="off"
        value={query.search}
        onInput={(event) => ask(event.currentTarget.value)}
      />
      <span class="cm-find-count" role="status">
        {query.search !== '' && countWords(view.state, query)}
      </span>
      <button type="button" aria-label={words.previous} title={words.previous} onClick={() => findPrevious(view)}>
        <Icon name="up" />
      </button>
      <button type="button" aria-label={words.next} title={words.next} onClick={() => findNext(view)}>
        <Icon name="down" />
      </button>
      <button type="button" aria-label={uiText.close} title={uiText.close} onClick={() => closeSearchPanel(view)}>
        <Icon name="close" />
      </button>
    </search>
  )
}

/** '2 of 14'; which of them is selected is not said where none is. */
function countWords(state: EditorState, query: SearchQuery): string {
  const { from, to } = state.selection.main
  const found = query.getCursor(state)
  let count = 0
  let current: number | undefined
  for (let next = found.next(); !next.done; next = found.next()) {
    if (count === COUNTED_MAX) return text.find.many(COUNTED_MAX)
    count += 1
    if (next.value.from === from && next.value.to === to) current = count
  }
  return text.find.count(count, current)
}

/** How the text looks: the page's own colours and sizes, which follow light and dark by themselves, through the shadow root. */
import { EditorView } from '@codemirror/view'

export const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', fontSize: 'max(1rem, var(--text-large))' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font)', lineHeight: '1.65', overscrollBehavior: 'contain' },
  '.cm-content': {
    boxSizing: 'border-box',
    maxWidth: '46rem',
    margin: '0 auto',
    padding: 'var(--space-6) var(--space-5) max(30vh, var(--space-7))',
    caretColor: 'var(--accent)',
  },
  '.cm-line': { padding: '0 2px' },
  '.cm-placeholder': { color: 'var(--ink-soft)' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px', marginLeft: '-1px' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--accent) 24%, transparent)',
  },

  '.cm-other-selection': { background: 'oklch(60% 0.14 var(--hue) / 0.22)', borderRadius: '2px' },
  '.cm-other-caret': {
    position: 'relative',
    borderLeft: '2px solid var(--other)',
    marginLeft: '-1px',
    marginRight: '-1px',
    '--other': 'oklch(var(--avatar-light) 0.15 var(--hue))',
  },
  '.cm-other-name': {
    position: 'absolute',
    bottom: '100%',
    left: '-2px',
    maxWidth: '12rem',
    padding: '0 0.35rem',
    overflow: 'hidden',
    borderRadius: '0.3rem 0.3rem 0.3rem 0',
    background: 'var(--other)',
    color: '#fff',
    font: '600 0.6875rem/1.125rem var(--font)',
    letterSpacing: '0.01em',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    userSelect: 'none',
    pointerEvents: 'none',
    zIndex: '2',
    transition: 'opacity var(--calm)',
  },
  '.cm-other-caret.still .cm-other-name': { opacity: '0' },
  '.cm-other-caret.still:hover .cm-other-name': { opacity: '1' },
})

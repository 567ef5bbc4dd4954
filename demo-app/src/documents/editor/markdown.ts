/** Styles Markdown as it is typed. Its marks stay visible, so that the text is what was typed. */
import { defineLanguageFacet, HighlightStyle, Language, languageDataProp, syntaxHighlighting } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { tags } from '@lezer/highlight'
import { Autolink, parser, Strikethrough, TaskList } from '@lezer/markdown'

const facts = defineLanguageFacet()

const language = new Language(
  facts,
  parser.configure([
    Autolink,
    Strikethrough,
    TaskList,
    { props: [languageDataProp.add((type) => (type.isTop ? facts : undefined))] },
  ]),
  [],
  'markdown',
)

const look = HighlightStyle.define([
  { tag: tags.heading1, fontSize: '1.6em', fontWeight: '700', letterSpacing: '-0.015em', lineHeight: '1.3' },
  { tag: tags.heading2, fontSize: '1.3em', fontWeight: '680', letterSpacing: '-0.01em' },
  { tag: tags.heading3, fontSize: '1.12em', fontWeight: '650' },
  { tag: [tags.heading4, tags.heading5, tags.heading6], fontWeight: '650' },
  { tag: tags.strong, fontWeight: '680' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.strikethrough, textDecoration: 'line-through' },
  { tag: tags.monospace, fontFamily: 'var(--font-mono)', fontSize: '0.9em', background: 'var(--hover)' },
  { tag: [tags.link, tags.url], color: 'var(--accent-ink)' },
  { tag: tags.quote, color: 'var(--ink-soft)', fontStyle: 'italic' },
  { tag: [tags.processingInstruction, tags.contentSeparator], color: 'var(--ink-soft)', fontWeight: '400' },
  { tag: tags.labelName, color: 'var(--ink-soft)' },
])

export const markdown: Extension = [language, syntaxHighlighting(look)]

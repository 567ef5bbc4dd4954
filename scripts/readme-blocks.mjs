// The READMEs' blocks of code, so that what is compiled and run is what people read and paste.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../', import.meta.url)
/** The package's own, which ships with it. */
export const SDK_README = 'packages/sdk/README.md'

/** In order. `line` is that of the block's first line of code, from 1; `heading` the nearest above it. */
export function readmeBlocks(path = 'README.md') {
  const blocks = []
  let heading = ''
  let open
  for (const [index, text] of readFileSync(fileURLToPath(new URL(path, ROOT)), 'utf8')
    .split('\n')
    .entries()) {
    if (open !== undefined && text === '```') {
      blocks.push({ heading, language: open.language, line: open.line, code: open.lines.join('\n') })
      open = undefined
    } else if (open !== undefined) open.lines.push(text)
    else if (text.startsWith('```')) open = { language: text.slice(3), line: index + 2, lines: [] }
    else if (text.startsWith('#')) heading = text.replace(/^#+ /, '')
  }
  return blocks
}

/** Whole programs import what they use; the others are fragments, which take a peer, a contact and so on as given. */
export function isProgram({ language, code }) {
  return language === 'ts' && code.startsWith('import ')
}

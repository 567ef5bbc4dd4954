// Compiles the READMEs' TypeScript against the types as published, each block as a module of its own. Programs get nothing but what
// they import; fragments take for given what packages/sdk/examples/readme-fragments.ts names. Errors name the README and the line in it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { isProgram, readmeBlocks, SDK_README } from './readme-blocks.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const examples = join(root, 'packages/sdk/examples')

const { config } = ts.parseConfigFileTextToJson('tsconfig.json', readFileSync(join(examples, 'tsconfig.json'), 'utf8'))
// What is published is checked by the examples; here only its use.
const { options } = ts.parseJsonConfigFileContent({ ...config, files: ['types.ts'] }, ts.sys, examples, { skipLibCheck: true })
const parsed = new Map()

/** The errors of these blocks, as lines of text. */
function errorsOf(readme, blocks, ambient) {
  const sources = new Map(
    // As many empty lines before each as there are above it in the README.
    blocks.map(({ line, code }) => [join(examples, `README-${line}.ts`), `${'\n'.repeat(line - 1)}${code}\nexport {}\n`]),
  )
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  host.fileExists = (path) => sources.has(path) || fileExists(path)
  host.getSourceFile = (path, target) => {
    const source = sources.get(path)
    if (source !== undefined) return ts.createSourceFile(path, source, target)
    if (!parsed.has(path)) parsed.set(path, getSourceFile.call(host, path, target))
    return parsed.get(path)
  }
  const program = ts.createProgram([...ambient, ...sources.keys()], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    if (file === undefined || start === undefined) return message
    const line = file.getLineAndCharacterOfPosition(start).line + 1
    return `${sources.has(file.fileName) ? readme : file.fileName}:${line}: ${message}`
  })
}

const errors = ['README.md', SDK_README].flatMap((readme) => {
  const blocks = readmeBlocks(readme).filter(({ language }) => language === 'ts')
  if (blocks.length === 0) return [`${readme} has no TypeScript.`]
  const fragments = blocks.filter((block) => !isProgram(block))
  return [
    ...errorsOf(readme, blocks.filter(isProgram), []),
    ...(fragments.length > 0 ? errorsOf(readme, fragments, [join(examples, 'readme-fragments.ts')]) : []),
  ]
})
for (const error of errors) console.error(error)
process.exit(errors.length === 0 ? 0 : 1)

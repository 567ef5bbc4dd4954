// `npm run size`: gzip bytes of the script-tag build, of what it is made of, of the ES module and each chunk that it loads late, and of
// each thing that can be imported alone.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const root = fileURLToPath(new URL('..', import.meta.url))
const jsonFile = process.argv.includes('--json') ? process.argv[process.argv.indexOf('--json') + 1] : undefined
const { build } = await import('vite')
const { minify } = await import('terser')

/**
 * Bytes. Each ratchet stands just above what the build is now. A commit that makes it smaller lowers it; a commit that raises it says why.
 * The goal of the script tag is not reached: it is one file, with 26 KiB of libraries, @noble/* as they were audited, and without late
 * chunks. The rest is spread over 110 modules, none of them above 5 KiB.
 */
const GLOBAL_GOAL = 90 * 1024
const RATCHETS = {
  global: 110 * 1024,
  /** What a page fetches that imports all of the ES module, minified by Vite alone, with all sentences of errors. */
  module: 124 * 1024,
  /** What it fetches when it is first needed, by the name of its chunk. */
  late: { calls: 5.8 * 1024, qr: 3 * 1024 },
}
const EXPORTS = ['createPeer', 'messages', 'verify', 'linkKind', 'parsePeerId', 'KithError']

const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length

/** Builds without writing; `plugins` come after the mode's own. */
async function built(mode, options, plugins = []) {
  const output = await build({
    configFile: `${root}/vite.config.ts`,
    mode,
    logLevel: 'error',
    plugins,
    build: { write: false, ...options },
  })
  return [output].flat()[0].output
}

/** Of an ES module: the bytes that are fetched at first, and those of each late chunk by its name. */
async function moduleBuild(entry) {
  const output = await built('sdk', { minify: true, lib: { entry, formats: ['es'], fileName: () => 'x.js' } })
  const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]))
  const first = new Set()
  const fetch = (fileName) => {
    if (first.has(fileName)) return
    first.add(fileName)
    for (const imported of chunks.get(fileName).imports) fetch(imported)
  }
  fetch('x.js')
  const late = [...chunks.values()].filter(({ fileName }) => !first.has(fileName))
  return {
    first: [...first].reduce((sum, fileName) => sum + gzip(chunks.get(fileName).code), 0),
    late: Object.fromEntries(late.map(({ name, code }) => [name, gzip(code)])),
  }
}

/** 'packages/sdk/src/path/lane.ts' → 'sdk/path', '…/node_modules/@noble/curves/utils.js' → '@noble/curves'. */
function partOf(id) {
  const path = relative(root, id.split('?')[0]).split(sep).join('/')
  const library = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
  const [, name, room] = /^packages\/([^/]+)\/src\/([^/]+)/.exec(path) ?? []
  return library ?? (name === undefined ? 'build' : room.includes('.') ? name : `${name}/${room}`)
}

/** The script-tag build, and the code of each part that it is made of. */
async function globalBuild() {
  const code = new Map()
  const collect = {
    name: 'size:collect',
    generateBundle(_, bundle) {
      for (const { modules } of Object.values(bundle))
        for (const [id, module] of Object.entries(modules ?? {}))
          code.set(partOf(id), `${code.get(partOf(id)) ?? ''}${module.code ?? ''}\n`)
    },
  }
  return { total: gzip((await built('global', {}, [collect]))[0].code), code }
}

/** Part → gzip bytes of its share: what is left of its modules, minified and compressed alone, scaled so that all make the whole. */
async function shares(total, code) {
  const alone = new Map()
  for (const [part, text] of code) alone.set(part, gzip((await minify(text, { ecma: 2020, module: false })).code ?? ''))
  const sum = [...alone.values()].reduce((a, b) => a + b, 0)
  return Object.fromEntries(
    [...alone].map(([part, bytes]) => [part, Math.round((bytes * total) / sum)]).sort(([, a], [, b]) => b - a),
  )
}

const { total, code } = await globalBuild()
const whole = await moduleBuild('src/index.ts')
const result = { global: total, parts: await shares(total, code), module: whole, esm: {} }

const folder = mkdtempSync(join(root, 'packages/sdk/size-'))
try {
  for (const name of EXPORTS) {
    writeFileSync(join(folder, `${name}.ts`), `export { ${name} } from '../src/index.ts'\n`)
    result.esm[name] = (await moduleBuild(join(folder, `${name}.ts`))).first
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const kib = (bytes) => `${(bytes / 1024).toFixed(1).padStart(6)} KiB`
const isOurs = (part) => /^(protocol|sdk|build)(\/|$)/.test(part)
for (const [title, ours] of [
  ['libraries', false],
  ['ours', true],
]) {
  const parts = Object.entries(result.parts).filter(([part]) => isOurs(part) === ours)
  console.log(`${title.padEnd(24)} ${kib(parts.reduce((sum, [, bytes]) => sum + bytes, 0))}`)
  for (const [part, bytes] of parts) console.log(`  ${part.padEnd(22)} ${kib(bytes)}`)
}
console.log('\nimported alone, as an ES module')
for (const [name, bytes] of Object.entries(result.esm)) console.log(`  ${name.padEnd(22)} ${kib(bytes)}`)

const problems = []
console.log()
check('kith.global.js', total, RATCHETS.global, `goal ${kib(GLOBAL_GOAL).trim()}; `)
check('the ES module, at first', whole.first, RATCHETS.module)
for (const [name, bytes] of Object.entries(whole.late)) check(`  late: ${name}`, bytes, RATCHETS.late[name] ?? 0)
for (const name of Object.keys(RATCHETS.late))
  if (!(name in whole.late)) problems.push(`The chunk '${name}' is not late any more.`)
for (const problem of problems) console.error(problem)
if (jsonFile) writeFileSync(jsonFile, `${JSON.stringify(result, null, 2)}\n`)
process.exit(problems.length === 0 ? 0 : 1)

function check(what, bytes, ratchet, more = '') {
  console.log(`${what.padEnd(24)} ${kib(bytes)} gzip   (${more}fails above ${kib(ratchet).trim()})`)
  if (bytes > ratchet) problems.push(`${what.trim()} has ${bytes} bytes, more than ${Math.round(ratchet)}.`)
}

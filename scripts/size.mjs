// `npm run size`: gzip bytes of the script-tag build, of what it is made of, and of each thing that can be imported alone.
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
 * Bytes. The goal is what the project set out to need. It is not reached: the libraries alone take half of it, and what is ours
 * does more than was foreseen. So the check fails at the ratchet, which stands just above what the build is now: whoever makes
 * it smaller lowers it, and whoever raises it says why.
 */
const GLOBAL_GOAL = 58 * 1024
const GLOBAL_RATCHET = 103 * 1024
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
  return [output].flat()[0].output[0]
}

/** 'packages/sdk/src/rtc/lane.ts' → 'sdk/rtc', '…/node_modules/@noble/curves/utils.js' → '@noble/curves'. */
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
  return { total: gzip((await built('global', {}, [collect])).code), code }
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
const result = { global: total, parts: await shares(total, code), esm: {} }

const folder = mkdtempSync(join(root, 'packages/sdk/size-'))
try {
  for (const name of EXPORTS) {
    writeFileSync(join(folder, `${name}.ts`), `export { ${name} } from '../src/index.ts'\n`)
    const lib = { entry: join(folder, `${name}.ts`), formats: ['es'], fileName: () => 'x.js' }
    result.esm[name] = gzip((await built('sdk', { minify: true, lib })).code)
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
const [goal, ratchet] = [GLOBAL_GOAL, GLOBAL_RATCHET].map((bytes) => kib(bytes).trim())
console.log(`\nkith.global.js           ${kib(total)} gzip   (goal ${goal}; fails above ${ratchet})`)
if (jsonFile) writeFileSync(jsonFile, `${JSON.stringify(result, null, 2)}\n`)
process.exit(total <= GLOBAL_RATCHET ? 0 : 1)

// `npm run size`: gzip bytes of the script-tag build and of each thing that can be imported alone, against their budgets.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const root = fileURLToPath(new URL('..', import.meta.url))
const jsonFile = process.argv.includes('--json') ? process.argv[process.argv.indexOf('--json') + 1] : undefined
const { build } = await import('vite')

/** Bytes. simple-peer as published is 27.7 KiB alone; the budget leaves us about 18 for all that is our own. */
const GLOBAL_BUDGET = 52 * 1024
const EXPORTS = ['createPeer', 'messages', 'verify', 'linkKind', 'parsePeerId', 'KithError']

const globalFile = join(root, 'packages/sdk/dist/kith.global.js')
if (!existsSync(globalFile)) await build({ configFile: `${root}/vite.config.ts`, mode: 'global', logLevel: 'warn' })
const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length
const result = { global: gzip(readFileSync(globalFile)), esm: {} }

const folder = mkdtempSync(join(root, 'packages/sdk/dist/size-'))
try {
  for (const name of EXPORTS) {
    writeFileSync(join(folder, `${name}.ts`), `export { ${name} } from '../../src/index.ts'\n`)
    const built = await build({
      configFile: `${root}/vite.config.ts`,
      mode: 'sdk',
      logLevel: 'error',
      build: { write: false, minify: true, lib: { entry: join(folder, `${name}.ts`), formats: ['es'], fileName: () => 'x.js' } },
    })
    result.esm[name] = gzip([built].flat()[0].output[0].code)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const kib = (bytes) => `${(bytes / 1024).toFixed(1).padStart(6)} KiB`
console.log(`kith.global.js   ${kib(result.global)} gzip   (budget ${kib(GLOBAL_BUDGET).trim()})`)
for (const [name, bytes] of Object.entries(result.esm)) console.log(`${name.padEnd(16)} ${kib(bytes)}`)
if (jsonFile) writeFileSync(jsonFile, `${JSON.stringify(result, null, 2)}\n`)
process.exit(result.global <= GLOBAL_BUDGET ? 0 : 1)

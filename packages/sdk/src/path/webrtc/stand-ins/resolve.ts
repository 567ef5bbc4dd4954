/**
 * Bundles simple-peer's own source, and only that. Its index.js is CommonJS made for Node: it requires seven small packages
 * that weigh four times as much as itself (28 KiB gzip in all) and of which our use touches next to nothing, since no data of
 * ours goes through its stream. Here its `require`s become `import`s of the stand-ins beside this file, so that the same module
 * is served in development, built, and tested, without any CommonJS interop.
 *
 * In Node (no bundler) simple-peer runs as it is, with the packages that it names.
 */

const SIMPLE_PEER = /\/node_modules\/simple-peer\/index\.js$/

/** What simple-peer requires: the stand-in for it. */
const STAND_INS: Readonly<Record<string, string>> = {
  buffer: 'buffer.ts',
  debug: 'debug.ts',
  'err-code': 'err-code.ts',
  'get-browser-rtc': 'get-browser-rtc.ts',
  'queue-microtask': 'queue-microtask.ts',
  randombytes: 'randombytes.ts',
  'readable-stream': 'readable-stream.ts',
  timers: 'timers.ts',
}

/** The part of a Vite plugin that this is. Vite's own types bring those of Node into whatever imports them. */
interface StandInPlugin {
  readonly name: string
  readonly enforce: 'pre'
  config(): { optimizeDeps: { exclude: string[] } }
  resolveId(id: string, importer: string | undefined): string | null
  transform(code: string, id: string): { code: string; map: null } | null
}

/** A Vite plugin, for whatever bundles or serves `@kith/sdk` from source. */
export function simplePeerStandIns(): StandInPlugin {
  return {
    name: 'kith:simple-peer-stand-ins',
    enforce: 'pre',
    // Pre-bundling would turn it into CommonJS behind an interop again, without asking us.
    config: () => ({ optimizeDeps: { exclude: ['simple-peer'] } }),
    resolveId(id, importer) {
      const standIn = importer !== undefined && SIMPLE_PEER.test(pathOf(importer)) ? STAND_INS[id] : undefined
      return standIn === undefined ? null : decodeURIComponent(new URL(standIn, import.meta.url).pathname)
    },
    transform(code, id) {
      return SIMPLE_PEER.test(pathOf(id)) ? { code: toModule(code), map: null } : null
    },
  }
}

/** Rewrites simple-peer's CommonJS frame. Throws when a later version has another frame, rather than ship something odd. */
function toModule(code: string): string {
  const module = code
    // `const debug = require('debug')('simple-peer')`
    .replace(/^const (\w+) = require\('([\w-]+)'\)\((.*)\)$/gm, "import $1_ from '$2'\nconst $1 = $1_($3)")
    .replace(/^const stream = require\('([\w-]+)'\)/gm, "import * as stream from '$1'")
    .replace(/^const (\w+|\{ \w+ \}) = require\('([\w-]+)'\)/gm, "import $1 from '$2'")
    .replace(/^module\.exports = Peer$/m, 'export default Peer')
    // Its log lines go nowhere (see debug.ts): a tenth of its weight.
    .replace(/^ +this\._debug\(.*?\)$/gms, '')
  if (/\brequire\(|\bmodule\.exports\b/.test(module))
    throw new Error('simple-peer has changed: its module frame is not understood')
  return `import { setTimeout } from 'timers'\n${module}`
}

/** Without Vite's query (`?v=…`), with forward slashes. */
const pathOf = (id: string): string => (id.split('?')[0] ?? id).replaceAll('\\', '/')

/**
 * `node scripts/run-ts.mjs FILE [args]`: runs a TypeScript program of this workspace. Node 20 cannot; vite bundles it in memory,
 * with the sources of `@kith/protocol`, and the result runs from a file that goes away with the process.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

const [entry, ...args] = process.argv.slice(2)
if (entry === undefined) {
  console.error('usage: node scripts/run-ts.mjs FILE [args]')
  process.exit(2)
}

const outDir = mkdtempSync(join(tmpdir(), 'kith-run-'))
process.on('exit', () => rmSync(outDir, { recursive: true, force: true }))

await build({
  configFile: false,
  logLevel: 'warn',
  ssr: { noExternal: true, external: builtinModules },
  build: {
    ssr: resolve(entry),
    outDir,
    emptyOutDir: false,
    target: 'node20',
    minify: false,
    sourcemap: 'inline',
    rollupOptions: { output: { entryFileNames: 'main.mjs' } },
  },
})

// The program sees what it would see had it been started itself.
process.argv = [process.argv[0], resolve(entry), ...args]
await import(pathToFileURL(join(outDir, 'main.mjs')).href)

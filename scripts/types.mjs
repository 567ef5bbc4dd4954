// The SDK's types, dist/index.d.ts: they need no other package, since whoever installs @kith/sdk gets none of ours. TypeScript
// writes one declaration file a source file; those of @kith/protocol lie beside them, and are named by their place.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'packages/sdk/dist')
const types = join(dist, 'types')

rmSync(types, { recursive: true, force: true })
const emit = ['--noEmit', 'false', '--emitDeclarationOnly', '--declaration', '--rootDir', 'packages', '--outDir', types]
for (const project of ['packages/protocol', 'packages/sdk']) {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', project, ...emit], { cwd: root, stdio: 'inherit' })
}

const protocol = join(types, 'protocol/src/index.js')
for (const name of readdirSync(types, { recursive: true })) {
  const file = join(types, String(name))
  if (!file.endsWith('.d.ts')) continue
  const text = readFileSync(file, 'utf8')
  const place = relative(dirname(file), protocol).replaceAll('\\', '/')
  writeFileSync(file, text.replaceAll("'@kith/protocol'", `'${place}'`).replace(/(from ')(\.[^']*)\.ts'/g, "$1$2.js'"))
}

const door = './types/sdk/src/index.js'
writeFileSync(join(dist, 'index.d.ts'), `export * from '${door}'\n`)
// `window.Kith` of the script-tag build: a UMD global is only allowed in a declaration file.
writeFileSync(join(dist, 'kith.global.d.ts'), `export * from '${door}'\nexport as namespace Kith\n`)

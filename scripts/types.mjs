// The types of the SDK and of the relay, as published: one file each that needs no other package and no option of the reader's compiler,
// TypeScript 5.2 or later. For `import` and for `require`, since a compiler takes the kind of module from the file's name.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateDtsBundle } from 'dts-bundle-generator'

const root = fileURLToPath(new URL('..', import.meta.url))
const PACKAGES = [
  // `using`, which reaches `Disposable`, is younger than ES2022: this line brings it whatever "lib" the reader has.
  { folder: 'packages/sdk', first: '/// <reference lib="esnext.disposable" />\n', umdModuleName: 'Kith' },
  { folder: 'signaling-relay', first: '' },
]

const types = mkdtempSync(join(tmpdir(), 'kith-types-'))
try {
  // Not checked here: `npm run check` does so.
  const emit = ['--noEmit', 'false', '--emitDeclarationOnly', '--declaration', '--noCheck', '--rootDir', root, '--outDir', types]
  for (const folder of ['packages/protocol', ...PACKAGES.map((one) => one.folder)]) {
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, ...emit], { cwd: root, stdio: 'inherit' })
  }
  // @kith/protocol is of this repository: named by its place, it is bundled.
  const protocol = join(types, 'packages/protocol/src/index.js')
  for (const name of readdirSync(types, { recursive: true })) {
    const file = join(types, String(name))
    if (!file.endsWith('.d.ts')) continue
    const text = readFileSync(file, 'utf8')
    const place = relative(dirname(file), protocol).replaceAll('\\', '/')
    writeFileSync(file, text.replaceAll("'@kith/protocol'", `'${place}'`).replace(/(from ')(\.[^']*)\.ts'/g, "$1$2.js'"))
  }
  const config = join(types, 'tsconfig.json')
  const compilerOptions = {
    target: 'ES2022',
    module: 'ESNext',
    moduleResolution: 'bundler',
    lib: ['ES2022', 'ESNext.Disposable', 'DOM'],
    types: [],
    strict: true,
  }
  const entries = PACKAGES.map(({ folder, umdModuleName }) => ({
    filePath: join(types, folder, 'src/index.d.ts'),
    output: { noBanner: true, exportReferencedTypes: false, umdModuleName },
  }))
  writeFileSync(config, JSON.stringify({ compilerOptions, files: entries.map(({ filePath }) => filePath) }))
  const bundles = generateDtsBundle(entries, { preferredConfigPath: config })
  for (const [index, { folder, first }] of PACKAGES.entries()) {
    const dist = join(root, folder, 'dist')
    mkdirSync(dist, { recursive: true })
    for (const name of ['index.d.ts', 'index.d.cts']) writeFileSync(join(dist, name), first + bundles[index])
  }
} finally {
  rmSync(types, { recursive: true, force: true })
}

// Beside the script-tag build, for who names that file's types: the same, and the same global.
writeFileSync(join(root, 'packages/sdk/dist/kith.global.d.ts'), "export * from './index.js'\nexport as namespace Kith\n")

// The SDK's types as one file, dist/index.d.ts, that needs nothing else: whoever installs @kith/sdk gets no other package of ours.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'

const sdk = fileURLToPath(new URL('../packages/sdk/', import.meta.url))
await build({
  cwd: sdk,
  config: false,
  entry: ['src/index.ts'],
  outDir: 'dist',
  clean: false,
  dts: { emitDtsOnly: true },
  inputOptions: { resolve: { conditionNames: ['kith-source', 'types', 'import', 'default'] } },
  logLevel: 'warn',
})
// `window.Kith` of the script-tag build: a UMD global is only allowed in a declaration file.
writeFileSync(`${sdk}dist/kith.global.d.ts`, "export * from './index.js'\nexport as namespace Kith\n")

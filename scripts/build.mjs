// Builds every package: the SDK (ES module, script tag, types), the relay, the demo.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const root = fileURLToPath(new URL('..', import.meta.url))

const { build } = await import('vite')
rmSync(`${root}/packages/sdk/dist`, { recursive: true, force: true })
for (const mode of ['sdk', 'sdk-cjs', 'global', 'relay', 'relay-cjs', 'production']) {
  await build({ configFile: `${root}/vite.config.ts`, mode, logLevel: 'warn' })
}
execFileSync(process.execPath, ['scripts/types.mjs'], { cwd: root, stdio: 'inherit' })
console.log('Built packages/sdk/dist, signaling-relay/dist and demo-app/dist.')

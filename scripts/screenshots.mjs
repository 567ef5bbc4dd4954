// `npm run screenshots`: takes the pictures of README.md anew, and keeps them in docs/screenshots.
import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const root = fileURLToPath(new URL('..', import.meta.url))
const { ensureBrowsers } = await import('./browsers.mjs')
ensureBrowsers(['chromium'])
await import('./build.mjs')
const taken = spawnSync('node_modules/.bin/playwright', ['test', '--config', 'e2e/playwright.config.ts', 'screenshots.spec'], {
  cwd: root,
  stdio: 'inherit',
})
if (taken.status === 0) cpSync(`${root}/test-results/screenshots`, `${root}/docs/screenshots`, { recursive: true })
process.exit(taken.status ?? 1)

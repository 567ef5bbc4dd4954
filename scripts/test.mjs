// `npm test`: installs what is missing (a browser too), then checks, unit, property, simulation and end-to-end tests.
// The last line is `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const root = fileURLToPath(new URL('..', import.meta.url))
const { ensureBrowsers, firefox, NO_FIREFOX } = await import('./browsers.mjs')
ensureBrowsers()
await import('./build.mjs')

const total = { passed: 0, failed: 0 }
const reports = mkdtempSync(join(tmpdir(), 'kith-test-'))
try {
  console.log('\n── checks ──')
  const { runChecks } = await import('./check.mjs')
  add(await runChecks())
  console.log('\n── unit, property and simulation tests ──')
  add(vitest())
  console.log('\n── end to end ──')
  add(playwright())
} finally {
  rmSync(reports, { recursive: true, force: true })
}
if (firefox() === undefined) console.log(NO_FIREFOX)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)

function add({ passed, failed }) {
  total.passed += passed
  total.failed += failed
}

function vitest() {
  const file = join(reports, 'vitest.json')
  const status = run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile=${file}`])
  const { numPassedTests = 0, numFailedTests = 0 } = read(file)
  // A suite that could not even be loaded has no tests that failed.
  return { passed: numPassedTests, failed: Math.max(numFailedTests, status === 0 ? 0 : 1) }
}

function playwright() {
  const file = join(reports, 'playwright.json')
  const status = run('playwright', ['test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  })
  const { stats: { expected = 0, unexpected = 0, flaky = 0 } = {} } = read(file)
  return { passed: expected, failed: Math.max(unexpected + flaky, status === 0 ? 0 : 1) }
}

function run(name, args, env = {}) {
  return spawnSync(`node_modules/.bin/${name}`, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status
}

function read(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

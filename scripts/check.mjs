// `npm run check`: format, lint, types, docstrings, layers, unused code, size. Each is named; all are run; one that fails fails the whole.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name) => `node_modules/.bin/${name}`

export const CHECKS = [
  ['format and lint', bin('biome'), ['check', '--error-on-warnings']],
  ...[
    'packages/protocol',
    'packages/sdk',
    'packages/sim',
    'packages/compliance',
    'packages/test-kit',
    'signaling-relay',
    'demo-app',
    '.',
  ].map((project) => [`types of ${project === '.' ? 'tests' : project}`, bin('tsc'), ['-p', project]]),
  ['types as published', process.execPath, ['scripts/types.mjs']],
  ['types of the examples', bin('tsc'), ['-p', 'packages/sdk/examples']],
  ['types of the README', process.execPath, ['scripts/readme-types.mjs']],
  ['docstrings of the public API', process.execPath, ['scripts/docs.mjs', '--check']],
  ['layers', process.execPath, ['scripts/layers.mjs']],
  ['unused code', bin('knip'), []],
  ['size', process.execPath, ['scripts/size.mjs']],
]

export function runChecks() {
  let failed = 0
  for (const [name, command, args] of CHECKS) {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
    console.log(`${status === 0 ? '✓' : '✗'} ${name}`)
    if (status === 0) continue
    failed += 1
    process.stdout.write(stdout)
    process.stderr.write(stderr)
  }
  return { passed: CHECKS.length - failed, failed }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed } = runChecks()
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
}

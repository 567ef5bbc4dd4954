// `npm run check`: format, lint, types, docstrings, layers, unused code, size. Each is named; all are run; one that fails fails the whole.
import { execFile } from 'node:child_process'
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

/** Two at a time, for two cores: the compilers of the projects, which write nothing, beside all else in its order. */
export async function runChecks() {
  const isProject = ([, , args]) => args.length === 2 && args[0] === '-p' && args[1] !== 'packages/sdk/examples'
  const failures = await Promise.all([runAll(CHECKS.filter(isProject)), runAll(CHECKS.filter((check) => !isProject(check)))])
  const failed = failures[0] + failures[1]
  return { passed: CHECKS.length - failed, failed }
}

/** One after the other. Resolves with how many failed. */
async function runAll(checks) {
  let failed = 0
  for (const [name, command, args] of checks) {
    const { error, stdout, stderr } = await run(command, args)
    console.log(`${error === null ? '✓' : '✗'} ${name}`)
    if (error === null) continue
    failed += 1
    process.stdout.write(stdout)
    process.stderr.write(stderr || (stdout ? '' : `${error.message}\n`))
  }
  return failed
}

function run(command, args) {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: root, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ error, stdout, stderr }),
    )
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed } = await runChecks()
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
}

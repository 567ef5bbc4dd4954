// `npm run fuzz [-- COUNT]`: every decoder under COUNT seeded mutations (default 1,000,000; `npm test` runs 20,000).
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const root = fileURLToPath(new URL('..', import.meta.url))
const count = process.argv[2] ?? '1000000'
const { status } = spawnSync('node_modules/.bin/vitest', ['run', '--project', 'node', '-t', 'fuzz', '--testTimeout=3600000'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, KITH_FUZZ: count },
})
process.exit(status ?? 1)

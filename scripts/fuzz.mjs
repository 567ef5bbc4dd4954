// `npm run fuzz [-- COUNT]`: every decoder under COUNT seeded mutations (default 1,000,000; `npm test` runs 20,000).
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const root = fileURLToPath(new URL('..', import.meta.url))
const count = process.argv[2] ?? '1000000'

/** The tests that take their count from us. */
const files = readdirSync(join(root, 'packages'), { recursive: true })
  .map((name) => join('packages', String(name)))
  .filter(
    (file) =>
      file.endsWith('.test.ts') && !file.includes('node_modules') && readFileSync(join(root, file), 'utf8').includes('KITH_FUZZ'),
  )

const { status } = spawnSync('node_modules/.bin/vitest', ['run', '--project', 'node', '--testTimeout=7200000', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, KITH_FUZZ: count },
})
process.exit(status ?? 1)

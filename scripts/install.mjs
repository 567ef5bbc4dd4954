// Installs what is missing, so that two commands do everything on a machine that has only Node.js and npm.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const root = new URL('..', import.meta.url)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

export function ensureInstalled() {
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node.js 20.19 or later is needed; this is ${process.versions.node}.`)
  }
  const stamp = new URL('node_modules/.package-lock.json', root)
  if (existsSync(stamp) && isComplete(stamp)) return
  console.log('Installing dependencies (once)…')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // Errors only: warnings about the engines of the benchmarks' packages concern only those who work on them.
  execFileSync(npm, ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
}

/** Whether every version that package-lock.json asks for is the one that was installed. */
function isComplete(stamp) {
  const wanted = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')).packages
  const installed = JSON.parse(readFileSync(stamp, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || optional || !path.startsWith('node_modules/') || installed[path]?.version === version,
  )
}

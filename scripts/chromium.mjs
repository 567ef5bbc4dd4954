// Which Chromium, and with which flags: one answer for unit tests in the browser, end-to-end tests and benchmarks.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromium as playwrightChromium } from 'playwright'

const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The path of a Chromium that is there, or undefined: KITH_CHROMIUM, Playwright's own, then the system's. */
export function findChromium() {
  return [process.env.KITH_CHROMIUM, playwrightChromium.executablePath(), ...SYSTEM].find((path) => path && existsSync(path))
}

/** Launch options for Playwright. */
export function chromium() {
  return {
    executablePath: findChromium(),
    // Chromium refuses its sandbox to root, as in most containers.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--disable-gpu',
      '--no-first-run',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ],
  }
}

/** Makes sure that there is a Chromium: what exists, else Playwright's download, else the system's package when we are root. */
export function ensureChromium() {
  if (findChromium()) return
  const attempts = [
    ['npx', ['playwright', 'install', '--with-deps', 'chromium']],
    ['npx', ['playwright', 'install', 'chromium']],
  ]
  if (process.getuid?.() === 0) {
    attempts.push(['apt-get', ['update']], ['apt-get', ['install', '-y', '--no-install-recommends', 'chromium']])
  }
  for (const [command, args] of attempts) {
    try {
      execFileSync(command, args, { stdio: 'inherit' })
    } catch (error) {
      console.error(`${command} ${args.join(' ')}: ${error.message}`)
    }
    if (findChromium()) return
  }
  throw new Error('No Chromium was found and none could be installed. Set KITH_CHROMIUM to the path of one.')
}

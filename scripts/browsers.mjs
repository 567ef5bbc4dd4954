// Which browsers, and with which options: one answer for unit tests in the browser, end-to-end tests and benchmarks.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromium as playwrightChromium, firefox as playwrightFirefox } from 'playwright'

const BROWSERS = {
  chromium: {
    variable: 'KITH_CHROMIUM',
    own: playwrightChromium,
    system: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    debianPackage: 'chromium',
  },
  firefox: {
    variable: 'KITH_FIREFOX',
    own: playwrightFirefox,
    system: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
    debianPackage: 'firefox-esr',
  },
}

/** The path of a browser that is there, or undefined: the variable's, Playwright's own, then the system's. */
function find(name) {
  const { variable, own, system } = BROWSERS[name]
  return [process.env[variable], own.executablePath(), ...system].find((path) => path && existsSync(path))
}

/** Launch options for Playwright. */
export function chromium() {
  return {
    executablePath: find('chromium'),
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

/** Launch options for Playwright; undefined where there is no Firefox: then what needs one is skipped. */
export function firefox() {
  const executablePath = find('firefox')
  if (executablePath === undefined) return undefined
  return {
    executablePath,
    // Firefox as it is published is driven by WebDriver BiDi; only Playwright's own build has its older protocol.
    ...(executablePath === playwrightFirefox.executablePath() ? {} : { channel: 'moz-firefox' }),
    firefoxUserPrefs: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      // Where there is no sound device, none of its AudioContexts would ever run.
      'media.cubeb.force_mock_context': true,
    },
  }
}

/** Said where tests that need a Firefox are left out. */
export const NO_FIREFOX =
  'Tests with Firefox are skipped: none was found and none could be installed. Set KITH_FIREFOX to the path of one.'

/**
 * Makes sure that the browsers are there: what exists, else Playwright's download, else the system's packages when we are root.
 * Throws without a Chromium; a Firefox is wished for, not needed.
 */
export function ensureBrowsers(names = Object.keys(BROWSERS)) {
  const attempts = [
    (missing) => [['npx', 'playwright', 'install', '--with-deps', ...missing]],
    (missing) => [['npx', 'playwright', 'install', ...missing]],
  ]
  if (process.getuid?.() === 0) {
    const install = (name) => ['apt-get', 'install', '-y', '--no-install-recommends', BROWSERS[name].debianPackage]
    attempts.push((missing) => [['apt-get', 'update'], ...missing.map(install)])
  }
  for (const attempt of attempts) {
    const missing = names.filter((name) => find(name) === undefined)
    if (missing.length === 0) return
    for (const [command, ...args] of attempt(missing)) run(command, args)
  }
  if (find('chromium') === undefined) {
    throw new Error('No Chromium was found and none could be installed. Set KITH_CHROMIUM to the path of one.')
  }
}

function run(command, args) {
  try {
    execFileSync(command, args, { stdio: 'inherit' })
  } catch (error) {
    console.error(`${command} ${args.join(' ')}: ${error.message}`)
  }
}

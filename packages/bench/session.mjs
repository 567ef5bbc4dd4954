// One browser, pages in it, and the ends of contenders in the pages.
import { here } from './build.mjs'

/** For one dial or one transfer: whatever takes longer has failed. */
const STEP_TIMEOUT_MS = 60_000

/** A contender whose connection cannot be made in so many attempts is left out of what needs one. */
const DIAL_ATTEMPTS = 5

/** Each in a context of its own, like two people. `scripts` run before all else in it. */
export async function openPage(browser, url, scripts = []) {
  const context = await browser.newContext()
  context.setDefaultTimeout(STEP_TIMEOUT_MS)
  const page = await context.newPage()
  for (const script of scripts) await page.addInitScript({ path: here(script) })
  page.on('pageerror', (error) => console.error(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') console.error(message.text())
  })
  await page.goto(url)
  await page.waitForFunction(() => 'contender' in window)
  return page
}

/**
 * The two ends of one contender, which know each other. `module` and `sdk` name what it is made of; `room` keeps it apart from others.
 * @param {{ module: string, sdk?: string, bound?: object, servers: object, room: string }} options
 */
export async function openEnds(pages, options) {
  const ends = { options, pages }
  for (const role of ['callee', 'dialler']) ends[role] = await openEnd(pages[role], role, options)
  const [callee, dialler] = await Promise.all([ends.callee, ends.dialler].map((end) => end.evaluate(({ id }) => id)))
  if (callee !== undefined) {
    await ends.callee.evaluate((end, id) => end.meet(id), dialler)
    await ends.dialler.evaluate((end, id) => end.meet(id), callee)
  }
  return ends
}

async function openEnd(page, role, { module, sdk, bound, servers, room }) {
  const handle = await page.evaluateHandle(
    ([module, options]) => window.contender(module, options),
    [module, { role, sdk, bound, servers, room }],
  )
  return asEnd(handle, `${module}, ${role}`)
}

/** A dialler that begins anew, and has dialled: for how long that took. Whom to dial it has to know, where it does not remember. */
export async function openDialled({ pages, options, callee }) {
  const { module, sdk, servers, room } = options
  const id = module === 'kith' ? undefined : await callee.evaluate(({ id }) => id)
  const handle = await pages.dialler.evaluateHandle(
    async ([module, options, id]) => {
      const startedAt = performance.now()
      const end = await window.contender(module, options)
      if (id !== undefined) await end.meet(id)
      await end.dial()
      end.dialledMs = performance.now() - startedAt
      return end
    },
    [module, { role: 'dialler', sdk, servers, room }, id],
  )
  return asEnd(handle, `${module}, dialler`)
}

/** `evaluate` fails rather than wait for ever. */
function asEnd(handle, what) {
  return {
    evaluate: (step, argument) => within(handle.evaluate(step, argument), what),
    measure: (name, argument) =>
      within(
        handle.evaluate((end, [name, argument]) => window.measures[name](end, argument), [name, argument]),
        `${what}, ${name}`,
      ),
  }
}

/** Connects. A failure is counted, and tried again. @returns whether there is a connection */
export async function dial({ dialler }, name, failures) {
  for (let attempt = 1; attempt <= DIAL_ATTEMPTS; attempt++) {
    try {
      await dialler.evaluate((end) => end.dial())
      return true
    } catch (error) {
      console.error(`dial: ${name} failed: ${error.message.split('\n')[0]}`)
      failures[name] = (failures[name] ?? 0) + 1
    }
  }
  return false
}

export async function hangUp({ dialler, callee }) {
  await dialler.evaluate((end) => end.hangUp())
  await callee.evaluate((end) => end.hungUp())
}

function within(step, what) {
  let timer
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing after ${STEP_TIMEOUT_MS} ms`)), STEP_TIMEOUT_MS)
  })
  return Promise.race([step, late]).finally(() => clearTimeout(timer))
}

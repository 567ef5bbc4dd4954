/** What every journey starts from: a relay of its own, and browsers that share nothing. */
import { type Browser, type BrowserContext, test as base, firefox as playwrightFirefox } from '@playwright/test'
import { firefox, NO_FIREFOX } from '../scripts/browsers.mjs'
import { RelayProcess } from './relay.ts'
import { StaticServer } from './static-server.ts'
import { Tap } from './tap.ts'

export interface Fixtures {
  relay: RelayProcess
  /** In front of the relay; open pages at its port to be listened to. */ tap: Tap
  /** Serves the page without any relay. */ site: StaticServer
  /** A browser of someone's own: nothing is shared with others. */ newBrowser: () => Promise<BrowserContext>
  /** The same, of Firefox. */ newFirefox: () => Promise<BrowserContext>
}

/** Once a worker: Firefox takes seconds to start. */
interface WorkerFixtures {
  firefox: Browser
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  firefox: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are needed: none
    async ({}, use) => {
      const options = firefox()
      if (options === undefined) throw new Error(NO_FIREFOX)
      const browser = await playwrightFirefox.launch(options)
      await use(browser)
      await browser.close()
    },
    { scope: 'worker' },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are needed: none
  relay: async ({}, use) => {
    const relay = new RelayProcess()
    await relay.start()
    await use(relay)
    await relay.stop()
  },
  tap: async ({ relay }, use) => {
    const tap = new Tap(relay.port)
    await tap.start()
    await use(tap)
    tap.stop()
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are needed: none
  site: async ({}, use) => {
    const site = new StaticServer()
    await site.start()
    await use(site)
    site.stop()
  },
  newBrowser: async ({ browser }, use) => await withContexts(browser, use),
  newFirefox: async ({ firefox }, use) => await withContexts(firefox, use),
})

async function withContexts(browser: Browser, use: (open: () => Promise<BrowserContext>) => Promise<void>): Promise<void> {
  const contexts: BrowserContext[] = []
  await use(async () => {
    const context = await browser.newContext({ locale: 'en-GB' })
    contexts.push(context)
    return context
  })
  await Promise.all(contexts.map((context) => context.close()))
}

export { expect } from '@playwright/test'

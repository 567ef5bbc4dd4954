/** What a page says as it goes: all of it arrives, and before it what it had said till then. */
import type { Page } from '@playwright/test'
import { firefox, NO_FIREFOX } from '../scripts/browsers.mjs'
import { expect, type Fixtures, test } from './fixtures.ts'
import * as several from './several.ts'

const TIMES = 20

/** The side that stays records what arrives, slowly, and why it ended. */
interface Heard {
  readonly words: string[]
  end?: string
}

declare global {
  var heard: Heard[]
}

async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    globalThis.heard = []
    me.handle('/word/v1', async (stream) => {
      const heard: Heard = { words: [] }
      globalThis.heard.push(heard)
      try {
        for await (const message of Kith.messages(stream)) {
          heard.words.push(message.text())
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
        heard.end = 'in order'
      } catch (error) {
        heard.end = error instanceof Kith.KithError ? error.code : String(error)
      }
    })
  })
}

/** Before it goes, the page says ten words; then one in each event that it gets, by listeners older and younger than its peer's. */
async function speak(page: Page, to: string): Promise<void> {
  await page.evaluate(async (id) => {
    const stream = await me.open(Kith.parsePeerId(id), '/word/v1')
    const words = Kith.messages(stream)
    for (let i = 0; i < 10; i++) await words.send(`word ${i}`)
    addEventListener('pagehide', () => void words.send('pagehide'))
    document.addEventListener('visibilitychange', () => void words.send('visibilitychange'))
  }, to)
}

const WORDS = [...Array.from({ length: 10 }, (_, i) => `word ${i}`), 'pagehide', 'visibilitychange']

async function expectHeard(page: Page, round: number): Promise<void> {
  await expect.poll(() => page.evaluate((i) => heard[i]?.end, round), { timeout: 60_000 }).toBeDefined()
  expect(await page.evaluate((i) => heard[i], round)).toEqual({ words: WORDS, end: 'closed' })
}

/** One page stays; the other comes, says something and goes, time after time. */
async function hearEachGo(
  stays: Page,
  goes: Page,
  { relay, site }: Pick<Fixtures, 'relay' | 'site'>,
  go: () => Promise<unknown>,
) {
  const relays = [relay.url]
  const id = await several.join(stays, site, { relays, name: 'stays' })
  await several.join(goes, site, { relays, name: 'goes' })
  await several.meet(stays, goes)
  await listen(stays)
  for (let round = 0; round < TIMES; round++) {
    if (round > 0) await several.join(goes, site, { relays, name: 'goes' })
    await speak(goes, id)
    await go()
    await expectHeard(stays, round)
  }
}

// Twenty pages, one after the other, each of which makes a peer and a connection.
test.describe.configure({ timeout: 480_000 })

test(`the last word of a page that goes elsewhere arrives, ${TIMES} of ${TIMES} times`, async ({ relay, site, newBrowser }) => {
  const [stays, goes] = [await (await newBrowser()).newPage(), await (await newBrowser()).newPage()]
  await hearEachGo(stays, goes, { relay, site }, () => goes.goto('about:blank'))
})

test(`in Firefox as well, where the page itself goes, ${TIMES} of ${TIMES} times`, async ({
  relay,
  site,
  newBrowser,
  newFirefox,
}) => {
  test.skip(firefox() === undefined, NO_FIREFOX)
  const [stays, goes] = [await (await newBrowser()).newPage(), await (await newFirefox()).newPage()]
  // A driver's goto() is another matter: what a page does in 'pagehide', Firefox then cuts short now and then, in the middle of a function.
  const go = async () => {
    await goes.evaluate(() => void setTimeout(() => location.assign('about:blank')))
    await goes.waitForURL('about:blank')
  }
  await hearEachGo(stays, goes, { relay, site }, go)
})

test(`and that of a tab that is closed, ${TIMES} of ${TIMES} times`, async ({ relay, site, newBrowser }) => {
  const [stays, context] = [await (await newBrowser()).newPage(), await newBrowser()]
  const relays = [relay.url]
  const id = await several.join(stays, site, { relays, name: 'stays' })
  // The browser lives on when the tab is closed.
  await context.newPage()
  let goes = await context.newPage()
  await several.join(goes, site, { relays, name: 'goes' })
  await several.meet(stays, goes)
  await listen(stays)
  for (let round = 0; round < TIMES; round++) {
    if (round > 0) {
      goes = await context.newPage()
      await several.join(goes, site, { relays, name: 'goes' })
    }
    await speak(goes, id)
    await goes.close({ runBeforeUnload: true })
    await expectHeard(stays, round)
  }
})

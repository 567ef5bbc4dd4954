/** What a page says as it goes: all of it arrives, and before it what it had said till then. */
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import * as several from './several.ts'

const TIMES = 20

/** Whoever stays writes down what comes, slowly, and why it ended. */
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

// Twenty pages, one after the other, each of which makes a peer and a connection.
test.describe.configure({ timeout: 480_000 })

test(`the last word of a page that goes elsewhere arrives, ${TIMES} of ${TIMES} times`, async ({ relay, site, newBrowser }) => {
  const [stays, goes] = [await (await newBrowser()).newPage(), await (await newBrowser()).newPage()]
  const relays = [relay.url]
  const id = await several.join(stays, site, { relays, name: 'stays' })
  await several.join(goes, site, { relays, name: 'goes' })
  await several.meet(stays, goes)
  await listen(stays)
  for (let round = 0; round < TIMES; round++) {
    if (round > 0) await several.join(goes, site, { relays, name: 'goes' })
    await speak(goes, id)
    await goes.goto('about:blank')
    await expectHeard(stays, round)
  }
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

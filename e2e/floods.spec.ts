/** A contact that says too much at once: the page goes on, and shows what was said. */
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { Person } from './person.ts'
import type { RelayProcess } from './relay.ts'
import type { StaticServer } from './static-server.ts'

/** A task that takes longer is felt. */
const TASK_MS = 50

declare global {
  interface Window {
    /** How long tasks took that took too long, ms. */ longTasks: number[]
    /** Ids that were acknowledged, in order. */ acknowledged: string[]
    /** Sends what Mallory has to say, once there is a chat. */ say: (texts: readonly string[]) => Promise<void>
  }
}

/** Someone whose program says what the test says. Resolves with their invitation. */
async function mallory(page: Page, relay: RelayProcess, site: StaticServer): Promise<string> {
  await page.goto(site.scriptTagPage)
  return page.evaluate(
    async ({ page, url }) => {
      const peer = await Kith.createPeer({ storage: 'memory', relays: [url], page })
      await peer.identity.setName('Mallory')
      window.acknowledged = []
      const chat = new Promise<import('@kith/sdk').Messages>((resolve) => {
        peer.handle('/chat/v1', async (stream) => {
          const line = Kith.messages(stream)
          resolve(line)
          for await (const message of line) window.acknowledged.push(message.json<{ ack: string }>().ack)
        })
      })
      let said = 0
      window.say = async (texts) => {
        const line = await chat
        const at = Date.now()
        await Promise.all(texts.map((text) => line.send(JSON.stringify({ id: `m${said++}`, text, at }))))
      }
      return (await peer.invite()).link
    },
    { page: relay.page, url: relay.url },
  )
}

async function watchTasks(page: Page): Promise<void> {
  await page.evaluate((taskMs) => {
    window.longTasks = []
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) if (duration > taskMs) window.longTasks.push(Math.round(duration))
    }).observe({ entryTypes: ['longtask'] })
  }, TASK_MS)
}

for (const count of [500, 5_000]) {
  test(`${count} messages at once are shown, in order, and acknowledged; no task holds the page`, async ({
    relay,
    site,
    newBrowser,
  }) => {
    test.setTimeout(240_000)
    const stranger = await (await newBrowser()).newPage()
    const ada = await Person.open(await newBrowser(), await mallory(stranger, relay, site), 'Ada Lovelace')
    await ada.accept()
    await stranger.evaluate(() => window.say(['hello']))
    await expect(ada.said('hello')).toBeVisible()

    await watchTasks(ada.page)
    const startedAt = Date.now()
    await stranger.evaluate((count) => window.say(Array.from({ length: count }, (_, n) => `message ${n};`)), count)
    await expect(ada.said(`message ${count - 1};`)).toBeVisible({ timeout: 120_000 })
    const tookMs = Date.now() - startedAt
    await expect.poll(() => stranger.evaluate(() => window.acknowledged.length), { timeout: 60_000 }).toBe(count + 1)
    const longTasks = await ada.page.evaluate(() => window.longTasks)
    const blockedMs = longTasks.reduce((sum, ms) => sum + ms - TASK_MS, 0)
    console.log(
      `${count} messages: ${tookMs} ms, ${longTasks.length} tasks over ${TASK_MS} ms, the longest ${Math.max(0, ...longTasks)}, blocked ${blockedMs}`,
    )
    expect(tookMs).toBeLessThan(30_000 + 18 * count)
    // On a calm machine there is none: a busy one stretches a few.
    expect(blockedMs).toBeLessThan(tookMs / 3)
    expect(await stranger.evaluate(() => window.acknowledged)).toEqual(Array.from({ length: count + 1 }, (_, n) => `m${n}`))

    const shown = await ada.page.getByRole('log').getByRole('article').allInnerTexts()
    const numbers = shown.map((text) => Number(/message (\d+);/.exec(text)?.[1]))
    expect(numbers).toEqual(numbers.map((_, n) => count - numbers.length + n))
    expect(numbers.length).toBeLessThanOrEqual(200)
    // What was before can be had.
    await ada.page.getByRole('button', { name: 'Show earlier' }).click()
    await expect(ada.said(`message ${count - numbers.length - 1};`)).toHaveCount(1)
    // All of it is kept.
    await ada.page.reload()
    await expect(ada.said(`message ${count - 1};`)).toBeVisible()
  })
}

test('messages as long as they may be, of lines, of marks on a letter and of one word, are folded and hold nothing up', async ({
  relay,
  site,
  newBrowser,
}) => {
  test.setTimeout(240_000)
  const stranger = await (await newBrowser()).newPage()
  const ada = await Person.open(await newBrowser(), await mallory(stranger, relay, site), 'Ada Lovelace')
  await ada.accept()
  await stranger.evaluate(() => window.say(['hello']))
  await expect(ada.said('hello')).toBeVisible()

  await watchTasks(ada.page)
  const startedAt = Date.now()
  await stranger.evaluate(() => {
    const long = ['a\n', 'a\u0301\u0323\u0330', 'W', 'https://example.org/'].map((part) => part.repeat(3_900 / part.length))
    return window.say(Array.from({ length: 200 }, (_, n) => `number ${n};${long[n % long.length]}the end`))
  })
  await expect(ada.said('number 199;')).toBeVisible({ timeout: 120_000 })
  const tookMs = Date.now() - startedAt
  const longTasks = await ada.page.evaluate(() => window.longTasks)
  const blockedMs = longTasks.reduce((sum, ms) => sum + ms - TASK_MS, 0)
  console.log(`long messages: ${tookMs} ms, the longest task ${Math.max(0, ...longTasks)}, blocked ${blockedMs}`)
  expect(blockedMs).toBeLessThan(tookMs / 2)
  const last = ada.said('number 196;')
  await expect(last).not.toContainText('the end')
  expect((await last.boundingBox())?.height).toBeLessThan(1_500)
  await last.getByRole('button', { name: 'Show all of it' }).click()
  await expect(last).toContainText('the end')
})

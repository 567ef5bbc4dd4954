/** A contact that says too much at once: the page goes on, and shows what was said. */
import type { Page } from '@playwright/test'
import * as Y from 'yjs'
import { expect, test } from './fixtures.ts'
import { longTasks, watchTasks } from './long-tasks.ts'
import { Person } from './person.ts'
import type { RelayProcess } from './relay.ts'
import type { StaticServer } from './static-server.ts'
import { Writing } from './writing.ts'

declare global {
  interface Window {
    /** Ids that were acknowledged, in order. */ acknowledged: string[]
    /** Sends what Mallory has to say, once there is a chat. */ say: (texts: readonly string[]) => Promise<void>
    /** Shares an empty document, 'Fast'. */ share: () => Promise<void>
    /** Sends these messages in it. */ write: (messages: readonly (readonly number[])[]) => Promise<void>
    /** Says so often that the cursor has moved. */ move: (count: number) => Promise<void>
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
      const params = { doc: '00000000-0000-4000-8000-000000000000', title: 'Fast', sharedAt: 1 }
      const theirs = () => [...peer.contacts][0] as import('@kith/sdk').Contact
      const line = async () => {
        const line = Kith.messages(await peer.open(theirs(), '/doc/yjs/v1', { params }))
        await line.send(Uint8Array.of(0, 1, 0))
        return line
      }
      const shared = { line: undefined as Awaited<ReturnType<typeof line>> | undefined }
      window.share = async () => {
        shared.line = await line()
      }
      window.write = async (messages) => {
        await Promise.all(messages.map((message) => shared.line?.send(Uint8Array.from(message))))
      }
      window.move = async (count) => {
        const flow = await peer.openDatagrams(theirs(), '/doc/yjs-awareness/v1', { params: { doc: params.doc } })
        for (let n = 1; n <= count; n++) {
          const anchor = { tname: 'text', item: null, assoc: -(n % 2) }
          const state = new TextEncoder().encode(
            JSON.stringify({ user: { name: `M${n % 10}` }, cursor: { anchor, head: anchor } }),
          )
          // One state: the client 1, its clock, its length and itself.
          const varuint = (value: number) => (value < 128 ? [value] : [(value & 127) | 128, value >> 7])
          const clock = n < 16_384 ? varuint(n) : [(n & 127) | 128, ((n >> 7) & 127) | 128, n >> 14]
          flow.send(Uint8Array.from([1, 1, ...clock, ...varuint(state.length), ...state]))
          if (flow.waiting > 0) await flow.ready
        }
      }
      return (await peer.invite()).link
    },
    { page: relay.page, url: relay.url },
  )
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
    const { blockedMs, text } = await longTasks(ada.page)
    console.log(`${count} messages: ${tookMs} ms, ${text}`)
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
  const { blockedMs, text } = await longTasks(ada.page)
  console.log(`long messages: ${tookMs} ms, ${text}`)
  expect(blockedMs).toBeLessThan(tookMs / 2)
  const last = ada.said('number 196;')
  await expect(last).not.toContainText('the end')
  expect((await last.boundingBox())?.height).toBeLessThan(1_500)
  await last.getByRole('button', { name: 'Show all of it' }).click()
  await expect(last).toContainText('the end')
})

/** What one member of a document says at once, as messages of its protocol: each letter, in a place of its own, is an update. */
function updatesOf(count: number): number[][] {
  const doc = new Y.Doc()
  const updates: number[][] = []
  doc.on('update', (update: Uint8Array) => {
    // Kind 2, then the update behind its length as a varuint of less than three bytes.
    const length = update.length < 128 ? [update.length] : [(update.length & 127) | 128, update.length >> 7]
    updates.push([2, ...length, ...update])
  })
  const text = doc.getText('text')
  for (let n = 0; n < count; n++) text.insert((n * 7_919) % (n + 1), n % 40 === 39 ? '\n' : 'x')
  return updates
}

test('a document that is written in, and in which a cursor moves, faster than anyone can: no task holds the page', async ({
  relay,
  site,
  newBrowser,
}) => {
  test.setTimeout(240_000)
  const stranger = await (await newBrowser()).newPage()
  const person = await Person.open(await newBrowser(), await mallory(stranger, relay, site), 'Ada Lovelace')
  await person.accept()
  await stranger.evaluate(() => window.say(['hello']))
  await expect(person.said('hello')).toBeVisible()
  await stranger.evaluate(() => window.share())
  const ada = new Writing(person)
  await ada.open('Fast')

  await watchTasks(ada.page)
  const startedAt = Date.now()
  await stranger.evaluate((updates) => window.write(updates), updatesOf(5_000))
  await expect.poll(() => ada.editor.locator('.cm-line').count(), { timeout: 60_000 }).toBeGreaterThan(20)
  const wroteMs = Date.now() - startedAt
  await stranger.evaluate(() => window.move(5_000))
  await ada.write('Still here.')
  await expect(ada.editor).toContainText('Still here.')
  await ada.expectSaved()
  const tookMs = Date.now() - startedAt
  const { blockedMs, text } = await longTasks(ada.page)
  console.log(`document: ${wroteMs} of ${tookMs} ms, ${text}`)
  expect(blockedMs).toBeLessThan(tookMs / 3)
})

/** A page that crashed: the other side talks with the next page at once, and does not wait until ICE gives up the old path. */
import type { BrowserContext, Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'

interface Here {
  readonly peer: import('@kith/sdk').Peer
  readonly ends: string[]
  echo(who: Known): Promise<string>
}
type Known = { readonly id: import('@kith/sdk').PeerId }
declare const window: Window & Here

/** A person with a peer in `window.peer` that answers with the word of its page. */
async function person(page: Page, url: string, word: string, storage?: 'memory'): Promise<void> {
  await page.evaluate(
    async ({ url, word, storage }) => {
      const peer = await Kith.createPeer({ relays: [url], ...(storage && { storage }) })
      peer.handle('/word/v1', async (stream) => {
        const writer = stream.writable.getWriter()
        await writer.write(new TextEncoder().encode(word))
        await writer.close()
      })
      const ends: string[] = []
      peer.on('connection', ({ closed }) => {
        closed.then(
          () => ends.push('closed'),
          ({ code }: { code: string }) => ends.push(code),
        )
      })
      const echo = async (who: Known) => {
        const { readable, writable } = await peer.open(who, '/word/v1')
        await writable.close()
        return new Response(readable).text()
      }
      Object.assign(window, { peer, ends, echo })
    },
    { url, word, storage },
  )
}

async function open(context: BrowserContext, site: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site)
  return page
}

const invite = (page: Page) => page.evaluate(async () => (await window.peer.invite()).link)
const accept = (page: Page, link: string) => page.evaluate(async (link) => window.echo(await window.peer.accept(link)), link)
const ask = (page: Page, id: Known['id']) => page.evaluate((id) => window.echo({ id }), id)
const idOf = (page: Page) => page.evaluate(() => window.peer.id)
const ends = (page: Page) => page.evaluate(() => window.ends)

/** ICE gives a path up after so long without consent (RFC 7675), at the soonest: what ends by then did not wait for it. */
const CONSENT_MS = 15_000

/** 'lost' where connections ended, and all of them by that: two dials that crossed may have made two with the crashed one. */
const areLost = async (page: Page) => [...new Set(await ends(page))].join()

/** The renderer dies: nothing of the page runs any more, and nothing is said. */
async function crash(page: Page): Promise<void> {
  const gone = page.waitForEvent('crash')
  const session = await page.context().newCDPSession(page)
  // No page is left to answer.
  session.send('Page.crash').catch(() => undefined)
  await gone
}

test('a page crashes and is back: open() from the one who stayed reaches the new one, before ICE gives the old path up', async ({
  relay,
  site,
  newBrowser,
}) => {
  const stayer = await open(await newBrowser(), site.scriptTagPage)
  await person(stayer, relay.url, 'stayed', 'memory')
  const context = await newBrowser()
  const page = await open(context, site.scriptTagPage)
  const next = await open(context, site.scriptTagPage)
  await person(page, relay.url, 'before')
  expect(await accept(page, await invite(stayer))).toBe('stayed')
  const id = await idOf(page)
  expect(await ask(stayer, id)).toBe('before')

  await crash(page)
  const crashedAt = Date.now()
  await person(next, relay.url, 'after')
  expect(await idOf(next)).toBe(id)
  // It asks who is there as soon as its relay is ready; its own page would wait for as much. That they were online before the crash,
  // which is stored, says nothing.
  const seenAt = () => next.evaluate(() => Math.max(...[...window.peer.contacts].map(({ lastSeenAt = 0 }) => lastSeenAt)))
  await expect.poll(seenAt, { intervals: [20], timeout: 10_000 }).toBeGreaterThan(crashedAt)
  expect(await ask(stayer, id)).toBe('after')
  expect(Date.now() - crashedAt).toBeLessThan(CONSENT_MS)
  // The old one is not kept until ICE gives it up, which takes a quarter of a minute and more.
  await expect.poll(() => areLost(stayer), { timeout: 10_000 }).toBe('lost')
  expect(await ask(stayer, id)).toBe('after')
  expect(await stayer.evaluate(() => [...window.peer.connections.values()].map(({ state }) => state))).toEqual(['connected'])
})

test('a tab crashes beside a living one, which connects: the crashed one’s connection ends, the living one’s is used', async ({
  relay,
  site,
  newBrowser,
}) => {
  const stayer = await open(await newBrowser(), site.scriptTagPage)
  await person(stayer, relay.url, 'stayed', 'memory')
  const context = await newBrowser()
  const page = await open(context, site.scriptTagPage)
  await person(page, relay.url, 'crashing')
  expect(await accept(page, await invite(stayer))).toBe('stayed')
  const id = await idOf(page)
  const living = await open(context, site.scriptTagPage)
  await person(living, relay.url, 'living')
  expect(await ask(stayer, id)).toBe('crashing')

  await crash(page)
  const crashedAt = Date.now()
  expect(await ask(living, await idOf(stayer))).toBe('stayed')
  expect(await ask(stayer, id)).toBe('living')
  await expect.poll(() => areLost(stayer), { timeout: 10_000 }).toBe('lost')
  expect(Date.now() - crashedAt).toBeLessThan(CONSENT_MS)
  expect(await ask(stayer, id)).toBe('living')
})

test('two living tabs beside a crashed one: only its connection ends, theirs live on', async ({ relay, site, newBrowser }) => {
  const stayer = await open(await newBrowser(), site.scriptTagPage)
  await person(stayer, relay.url, 'stayed', 'memory')
  const context = await newBrowser()
  const [one, other] = [await open(context, site.scriptTagPage), await open(context, site.scriptTagPage)]
  await person(one, relay.url, 'one')
  expect(await accept(one, await invite(stayer))).toBe('stayed')
  const id = await idOf(stayer)
  const third = await open(context, site.scriptTagPage)
  await person(third, relay.url, 'third')
  expect(await ask(third, id)).toBe('stayed')
  await crash(third)
  await person(other, relay.url, 'other')
  expect(await ask(other, id)).toBe('stayed')
  expect(await ask(stayer, await idOf(one))).toBe('other')
  // All of them were pinged when the last one came; when the crashed one is given up, the living one has had as long to answer.
  await expect.poll(() => areLost(stayer), { timeout: 10_000 }).toBe('lost')
  expect([await ends(one), await ends(other)]).toEqual([[], []])
  expect(await ask(one, id)).toBe('stayed')
  expect(await ask(stayer, await idOf(one))).toBe('one')
  expect([await ends(one), await ends(other)]).toEqual([[], []])
})

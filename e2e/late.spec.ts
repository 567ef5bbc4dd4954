/** The ES module in a page without a bundler: what a page does not use it does not fetch. */
import type { BrowserContext, Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import type { StaticServer } from './static-server.ts'

/** Opens a peer that knows nobody. `fetched`: the files of the SDK that the page asked for, without their hashes. */
async function open(
  context: BrowserContext,
  site: StaticServer,
  relay: string,
): Promise<{ page: Page; id: string; fetched: string[] }> {
  const page = await context.newPage()
  const fetched: string[] = []
  page.on('request', (request) => {
    const file = /\/sdk\/(.*?)(-[\w-]{8})?\.js$/.exec(request.url())?.[1]
    if (file !== undefined) fetched.push(file)
  })
  await page.goto(site.modulePage)
  const id = await page.evaluate(async (relay) => {
    globalThis.me = await Kith.createPeer({ relays: [relay], local: false })
    me.handle('/echo/v1', (stream) => stream.readable.pipeTo(stream.writable))
    return me.id
  }, relay)
  return { page, id, fetched }
}

function add(page: Page, id: string): Promise<void> {
  return page.evaluate(async (id) => void (await me.contacts.add({ id: Kith.parsePeerId(id), name: 'Other' })), id)
}

test('streams, then a code, then calls: each is fetched when it is used, and says so when it cannot be', async ({
  relay,
  site,
  newBrowser,
}) => {
  const [here, there] = [await open(await newBrowser(), site, relay.url), await open(await newBrowser(), site, relay.url)]
  await add(here.page, there.id)
  await add(there.page, here.id)
  const echo = await here.page.evaluate(async (to) => {
    const stream = await me.open(Kith.parsePeerId(to), '/echo/v1')
    const writer = stream.writable.getWriter()
    await writer.write(new TextEncoder().encode('hello'))
    await writer.close()
    return new Response(stream.readable).text()
  }, there.id)
  expect(echo).toBe('hello')
  for (const { fetched } of [here, there]) expect(fetched).toEqual(['index', 'kith-shared'])

  // Whose server is away.
  await here.page.route('**/kith-qr-*', (route) => route.abort())
  const failed = await here.page.evaluate(() => me.invite().catch(({ code, message }) => ({ code, message })))
  expect(failed).toEqual({ code: 'unsupported-environment', message: expect.stringContaining('could not be loaded') })
  expect(await here.page.evaluate(() => me.invites.length)).toBe(0)
  await here.page.unroute('**/kith-qr-*')
  await expect.poll(() => here.page.evaluate(async () => (await me.invite()).svg)).toContain('<svg')
  expect(new Set(here.fetched)).toEqual(new Set(['index', 'kith-shared', 'kith-qr']))

  await there.page.evaluate(() => void me.handleMedia('/call/v1', (call) => call.decline()))
  await expect.poll(() => there.fetched).toEqual(['index', 'kith-shared', 'kith-calls'])
  const answer = await here.page.evaluate(
    (to) => me.openMedia(Kith.parsePeerId(to), '/call/v1').catch(({ code }) => code),
    there.id,
  )
  expect(answer).toBe('refused')
  expect(new Set(here.fetched)).toEqual(new Set(['index', 'kith-shared', 'kith-qr', 'kith-calls']))
})

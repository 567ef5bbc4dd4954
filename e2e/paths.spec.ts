/** `connection.path` is right from the first moment on: when `connect` resolves, and in the first 'connection' event of either side. */
import type { Page } from '@playwright/test'
import { NO_FIREFOX, firefox as thereIsFirefox } from '../scripts/browsers.mjs'
import { expect, test } from './fixtures.ts'
import { noTurn, withTurn } from './turn.ts'

interface Side {
  readonly url: string
  readonly iceServers?: RTCIceServer[]
}

/** What a path was called in the event, and half a second later. */
type Calls = readonly [first: string, later: string]

/** A person who waits for a connection: their link, and the path of the first connection. */
async function host(page: Page, side: Side): Promise<{ link: string; path: () => Promise<Calls> }> {
  const link = await page.evaluate(async ({ url, iceServers }) => {
    const peer = await Kith.createPeer({ storage: 'memory', relays: [url], ...(iceServers && { iceServers }) })
    const path = new Promise((resolve) => {
      peer.on('connection', (connection) => {
        const first = connection.path
        setTimeout(() => resolve([first, connection.path]), 500)
      })
    })
    Object.assign(window, { path })
    return (await peer.invite()).link
  }, side)
  return { link, path: () => page.evaluate(() => (window as unknown as { path: Promise<Calls> }).path) }
}

/** The guest's: of the event, and of what `connect` resolves with. */
function visit(page: Page, side: Side, link: string, disclose: 'direct' | 'relayed'): Promise<Calls> {
  return page.evaluate(
    async ({ url, iceServers, link, disclose }) => {
      const peer = await Kith.createPeer({ storage: 'memory', relays: [url], ...(iceServers && { iceServers }) })
      const first = new Promise<string>((resolve) => peer.on('connection', ({ path }) => resolve(path)))
      const contact = await peer.accept(link, { disclose })
      const { path } = await peer.connect(contact, { disclose })
      return [await first, path] as const
    },
    { ...side, link, disclose },
  )
}

/** Through a TURN server at the guest's end. */
async function throughTurn(relayUrl: string, pageUrl: string, here: Page, there: Page): Promise<void> {
  const reason = noTurn()
  test.skip(reason !== undefined, reason)
  await withTurn(async (iceServers) => {
    await Promise.all([here.goto(pageUrl), there.goto(pageUrl)])
    const { link, path } = await host(here, { url: relayUrl })
    expect(await visit(there, { url: relayUrl, iceServers }, link, 'relayed')).toEqual(['turn', 'turn'])
    expect(await path()).toEqual(['turn', 'turn'])
  })
}

test("through a TURN server it is 'turn' on both sides", async ({ relay, site, newBrowser }) => {
  const [here, there] = [await (await newBrowser()).newPage(), await (await newBrowser()).newPage()]
  await throughTurn(relay.url, site.scriptTagPage, here, there)
})

test('a candidate that never comes hides no TURN server: the end that is there says so', async ({ relay, site, newBrowser }) => {
  const guests = await newBrowser()
  // The first check then comes from where nothing was named: for the host it could be any address.
  await guests.addInitScript(() => {
    Object.defineProperty(RTCPeerConnection.prototype, 'onicecandidate', { get: () => null, set: () => {} })
  })
  const [here, there] = [await (await newBrowser()).newPage(), await guests.newPage()]
  await throughTurn(relay.url, site.scriptTagPage, here, there)
})

test("without one it is 'direct'", async ({ relay, site, newBrowser }) => {
  const [here, there] = [await (await newBrowser()).newPage(), await (await newBrowser()).newPage()]
  await Promise.all([here.goto(site.scriptTagPage), there.goto(site.scriptTagPage)])
  const { link, path } = await host(here, { url: relay.url })
  expect(await visit(there, { url: relay.url }, link, 'direct')).toEqual(['direct', 'direct'])
  expect(await path()).toEqual(['direct', 'direct'])
})

test('what the statistics say counts, however late they come', async ({ relay, site, newBrowser }) => {
  const contexts = [await newBrowser(), await newBrowser()]
  for (const context of contexts) {
    // As of a path at a TURN server, from a browser whose threads are busy, and which says it by statistics alone.
    await context.addInitScript(() => {
      RTCIceTransport.prototype.getSelectedCandidatePair = () => null
      const { getStats } = RTCPeerConnection.prototype
      RTCPeerConnection.prototype.getStats = async function (this: RTCPeerConnection) {
        const reports = await getStats.call(this)
        await new Promise((resolve) => setTimeout(resolve, 100))
        const told = [...(reports as unknown as Map<string, { type: string }>)].map(
          ([id, report]) => [id, report.type === 'local-candidate' ? { ...report, candidateType: 'relay' } : report] as const,
        )
        return new Map(told) as unknown as RTCStatsReport
      }
    })
  }
  const [here, there] = await Promise.all(contexts.map((context) => context.newPage()))
  if (!here || !there) throw new Error('no pages')
  await Promise.all([here.goto(site.scriptTagPage), there.goto(site.scriptTagPage)])
  const { link, path } = await host(here, { url: relay.url })
  expect(await visit(there, { url: relay.url }, link, 'direct')).toEqual(['turn', 'turn'])
  expect(await path()).toEqual(['turn', 'turn'])
})

test.describe('with Firefox', () => {
  test.skip(thereIsFirefox() === undefined, NO_FIREFOX)

  test("at the guest, through TURN: 'turn' on both sides", async ({ relay, site, newBrowser, newFirefox }) => {
    const [here, there] = [await (await newBrowser()).newPage(), await (await newFirefox()).newPage()]
    await throughTurn(relay.url, site.scriptTagPage, here, there)
  })
})

/**
 * However two people come to want each other, one RTCPeerConnection joins them. Everything within one machine is fast, so ICE is held
 * back here: as across NATs the path takes longer than the grant of an invitation.
 */
import type { BrowserContext, Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'

/** ICE learns candidates late, and RTCPeerConnections are counted: those that were given a description of the remote's. */
async function slow(context: BrowserContext, holdMs: number): Promise<void> {
  await context.addInitScript((holdMs) => {
    const used = new Set<RTCPeerConnection>()
    const { setRemoteDescription, addIceCandidate } = RTCPeerConnection.prototype
    RTCPeerConnection.prototype.setRemoteDescription = function (
      this: RTCPeerConnection,
      description: RTCSessionDescriptionInit,
    ): Promise<void> {
      used.add(this)
      return (setRemoteDescription as (description: RTCSessionDescriptionInit) => Promise<void>).call(this, description)
    }
    RTCPeerConnection.prototype.addIceCandidate = async function (
      this: RTCPeerConnection,
      candidate?: RTCIceCandidateInit | null,
    ): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, holdMs))
      if (this.signalingState !== 'closed')
        await (addIceCandidate as (candidate?: RTCIceCandidateInit | null) => Promise<void>).call(this, candidate)
    }
    Object.assign(window, {
      live: () => [...used].filter(({ signalingState }) => signalingState !== 'closed').length,
      most: () => used.size,
    })
  }, holdMs)
}

/** A person with a peer in `window.peer` that echoes. */
async function person(context: BrowserContext, page: string, url: string): Promise<Page> {
  const opened = await context.newPage()
  await opened.goto(page)
  await opened.evaluate(async (url) => {
    const peer = await Kith.createPeer({ storage: 'memory', relays: [url] })
    peer.handle('/echo/v1', (stream) => stream.readable.pipeTo(stream.writable))
    const announced: unknown[] = []
    peer.on('connection', (connection) => announced.push(connection))
    const echo = async (who: Known) => {
      const stream = await peer.open(who, '/echo/v1')
      const writer = stream.writable.getWriter()
      await writer.write(new TextEncoder().encode('here'))
      await writer.close()
      const text = await new Response(stream.readable).text()
      return { text, isInUse: stream.connection === peer.connections.get(stream.remote) }
    }
    Object.assign(window, { peer, announced, echo })
  }, url)
  return opened
}

type Known = { readonly id: import('@kith/sdk').PeerId }

interface Here {
  readonly peer: import('@kith/sdk').Peer
  readonly announced: unknown[]
  echo(who: Known): Promise<{ text: string; isInUse: boolean }>
  live(): number
  most(): number
}
declare const window: Window & Here

const live = (page: Page) => page.evaluate(() => window.live())
const most = (page: Page) => page.evaluate(() => window.most())
const announced = (page: Page) => page.evaluate(() => window.announced.length)
const HERE = { text: 'here', isInUse: true }

async function two(newBrowser: () => Promise<BrowserContext>, page: string, url: string, holdMs = 1_500) {
  const contexts = [await newBrowser(), await newBrowser()] as const
  for (const context of contexts) await slow(context, holdMs)
  return [await person(contexts[0], page, url), await person(contexts[1], page, url)] as const
}

const invite = (page: Page) =>
  page.evaluate(async () => {
    const { link, accepted } = await window.peer.invite()
    Object.assign(window, { accepted })
    return link
  })

const acceptAndOpen = (page: Page, link: string) =>
  page.evaluate(async (link) => window.echo(await window.peer.accept(link)), link)

test('accept(), then open() at once', async ({ relay, site, newBrowser }) => {
  const [here, there] = await two(newBrowser, site.scriptTagPage, relay.url)
  expect(await acceptAndOpen(there, await invite(here))).toEqual(HERE)
  expect([await live(here), await live(there), await most(here), await most(there)]).toEqual([1, 1, 1, 1])
  expect([await announced(here), await announced(there)]).toEqual([1, 1])
})

test('invite.accepted, then open() at once', async ({ relay, site, newBrowser }) => {
  const [here, there] = await two(newBrowser, site.scriptTagPage, relay.url)
  const link = await invite(here)
  const opening = here.evaluate(async () => window.echo(await (window as unknown as { accepted: Promise<Known> }).accepted))
  await there.evaluate(async (link) => void (await window.peer.accept(link)), link)
  expect(await opening).toEqual(HERE)
  expect([await live(here), await live(there), await most(here), await most(there)]).toEqual([1, 1, 1, 1])
})

test('both open() as soon as they know each other, several times', async ({ relay, site, newBrowser }) => {
  const [here, there] = await two(newBrowser, site.scriptTagPage, relay.url)
  const link = await invite(here)
  const opening = here.evaluate(async () => {
    const guest = await (window as unknown as { accepted: Promise<Known> }).accepted
    return Promise.all([window.echo(guest), window.echo(guest)])
  })
  const visiting = there.evaluate(async (link) => {
    const inviter = await window.peer.accept(link)
    return Promise.all([window.echo(inviter), window.echo(inviter)])
  }, link)
  expect([...(await opening), ...(await visiting)]).toEqual([HERE, HERE, HERE, HERE])
  expect([await live(here), await live(there), await most(here), await most(there)]).toEqual([1, 1, 1, 1])
})

test('an invitation and a dial to the same contact at once, and a dial that comes while they are on the way to us', async ({
  relay,
  site,
  newBrowser,
}) => {
  const [here, there] = await two(newBrowser, site.scriptTagPage, relay.url, 800)
  // They know each other, and the connection of that is gone.
  await acceptAndOpen(there, await invite(here))
  await there.evaluate(async () => Promise.all([...window.peer.connections.values()].map((connection) => connection.close())))
  await expect.poll(async () => [await live(here), await live(there)]).toEqual([0, 0])
  const link = await invite(here)
  const id = await here.evaluate(() => window.peer.id)
  const guest = await there.evaluate(() => window.peer.id)
  const [visited, answered] = await Promise.all([
    there.evaluate(
      async ({ link, id }) => {
        const [echoed, contact] = await Promise.all([window.echo({ id }), window.peer.accept(link)])
        return [echoed, await window.echo(contact)]
      },
      { link, id },
    ),
    here.evaluate(async (id) => [await window.echo({ id }), await window.echo({ id })], guest),
  ])
  expect([...visited, ...answered].map(({ text }) => text)).toEqual(['here', 'here', 'here', 'here'])
  // Where two came about all the same, the one that is not in use ends when its streams have.
  await expect
    .poll(async () => [
      ...[await live(here), await live(there)],
      await here.evaluate((id) => window.echo({ id }), guest),
      await there.evaluate((id) => window.echo({ id }), id),
    ])
    .toEqual([1, 1, HERE, HERE])
  const instanceOfUse = (page: Page) => page.evaluate(async () => [...window.peer.connections.values()][0]?.getStats())
  const [mine, theirs] = [await instanceOfUse(here), await instanceOfUse(there)]
  expect(mine?.bytesReceived).toBeGreaterThan(0)
  expect(theirs?.bytesReceived).toBeGreaterThan(0)
})

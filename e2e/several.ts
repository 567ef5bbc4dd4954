/** A page with nothing but the script-tag build, and one peer on it. */

import type { Peer } from '@kith/sdk'
import type { Page } from '@playwright/test'

/** Where a page keeps its peer. */
declare global {
  var me: Peer
}

export interface Join {
  readonly relays: string[]
  /** The page's answer to the question who is there. */
  readonly name: string
}

/** Opens the peer of this browser, the same one after a reload. Resolves with its PeerId once each of `ready` (default: all) is. */
export async function join(page: Page, site: { scriptTagPage: string }, { relays, name }: Join, ready = relays): Promise<string> {
  await page.goto(site.scriptTagPage)
  const id = await page.evaluate(
    async ({ relays, name }) => {
      globalThis.me = await Kith.createPeer({ relays, local: false })
      await me.identity.setName(name)
      me.handle('/who/v1', async (stream) => {
        const writer = stream.writable.getWriter()
        await writer.write(new TextEncoder().encode(name))
        await writer.close()
      })
      return me.id
    },
    { relays, name },
  )
  for (const url of ready) await relayIs(page, url, 'ready')
  return id
}

export async function relayIs(page: Page, url: string, state: string): Promise<void> {
  await page.waitForFunction(
    ({ url, state }) => me.status.relays.some((relay) => relay.url === url && (relay.state === 'ready') === (state === 'ready')),
    { url, state },
  )
}

/** From the link to being contacts, on both sides. */
export async function meet(inviter: Page, guest: Page): Promise<void> {
  const link = await inviter.evaluate(async () => {
    const invite = await me.invite()
    Object.assign(globalThis, { accepted: invite.accepted })
    return invite.link
  })
  await guest.evaluate(async (url) => void (await me.accept(url)), link)
  await inviter.evaluate(async () => void (await (globalThis as unknown as { accepted: Promise<unknown> }).accepted))
}

/** Who answers at `id`, over a connection of its own. */
export function whoAnswers(page: Page, id: string): Promise<string> {
  return page.evaluate(async (to) => {
    // With both tabs there may be one: where one is closed the other takes its place.
    for (let [one] = me.connections.values(); one; [one] = me.connections.values()) await one.close()
    const stream = await me.open(Kith.parsePeerId(to), '/who/v1')
    const name = await new Response(stream.readable).text()
    await stream.writable.close()
    return name
  }, id)
}

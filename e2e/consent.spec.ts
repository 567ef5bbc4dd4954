/** A relay that a link or the page's address names sees who comes: it is dialled when the person has agreed, and not before. */
import type { Page, WebSocket } from '@playwright/test'
import { test as base, expect } from './fixtures.ts'
import { Person } from './person.ts'
import { RelayProcess } from './relay.ts'

const test = base.extend<{ other: RelayProcess }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are needed: none
  other: async ({}, use) => {
    const other = new RelayProcess()
    await other.start()
    await use(other)
    await other.stop()
  },
})

/** Where the page has opened WebSockets. Not how often: a connection that was lost is made again. */
function dialledBy(page: Page): Set<string> {
  const urls = new Set<string>()
  page.on('websocket', (socket) => urls.add(socket.url()))
  return urls
}

const named = (page: string, relay: RelayProcess) => `${page}?relay=${encodeURIComponent(relay.url)}`

test('an invitation is asked about, with the name and the relays that it gives, and its relay is dialled when it is accepted', async ({
  relay,
  other,
  site,
  newBrowser,
}) => {
  const inviter = await (await newBrowser()).newPage()
  await inviter.goto(site.scriptTagPage)
  const link = await inviter.evaluate(
    async ({ page, url }) => {
      const peer = await Kith.createPeer({ storage: 'memory', relays: [url], page })
      await peer.identity.setName('Mallory')
      return (await peer.invite()).link
    },
    { page: relay.page, url: other.url },
  )
  const guest = await (await newBrowser()).newPage()
  const dialled = dialledBy(guest)
  await guest.goto(link)
  const facts = guest.locator('.link-facts')
  const host = new URL(other.url).host
  // On the first page of one who was never here, and where they are asked.
  await expect(facts).toContainText('Mallory')
  await expect(facts).toContainText(host)
  await guest.getByLabel('Your name').fill('Grace')
  await guest.getByRole('button', { name: 'Continue' }).click()
  await expect(guest.getByRole('heading', { name: 'You have been invited' })).toBeVisible()
  await expect(facts).toContainText('Mallory')
  await expect(facts).toContainText(host)
  await guest.screenshot({ path: 'test-results/consent-asked.png' })
  expect([...dialled]).toEqual([relay.url])
  await guest.getByRole('button', { name: 'Accept', exact: true }).click()
  await expect(guest.getByRole('heading', { name: 'Mallory' })).toBeVisible()
  expect([...dialled]).toContain(other.url)
})

test('who is here already is asked before the page’s address moves them to another relay', async ({
  relay,
  other,
  newBrowser,
}) => {
  const context = await newBrowser()
  const ada = await Person.open(context, relay.page, 'Ada')
  await ada.expectReachable()
  const dialled = dialledBy(ada.page)
  await ada.page.goto(named(relay.page, other))
  await expect(ada.page.getByRole('heading', { name: 'Use another relay?' })).toBeVisible()
  await expect(ada.page.getByText(new URL(other.url).host).first()).toBeVisible()
  await ada.page.screenshot({ path: 'test-results/consent-moving.png' })
  expect([...dialled]).toEqual([])
  await ada.page.getByRole('button', { name: /^Keep/ }).click()
  await ada.expectReachable()
  expect([...dialled]).toEqual([relay.url])
  expect(ada.page.url()).toBe(relay.page)

  await ada.page.goto(named(relay.page, other))
  await ada.page.getByRole('button', { name: /^Use / }).click()
  await ada.expectReachable()
  expect([...dialled]).toEqual([relay.url, other.url])
  // Agreed to once.
  dialled.clear()
  await ada.page.reload()
  await ada.expectReachable()
  expect([...dialled]).toEqual([other.url])
})

test('at the first visit the relay that the page’s address names is told of, and dialled when the visitor goes on', async ({
  relay,
  other,
  newBrowser,
}) => {
  const page = await (await newBrowser()).newPage()
  const dialled = dialledBy(page)
  await page.goto(named(relay.page, other))
  await expect(page.getByText(`names the relay ${new URL(other.url).host}`)).toBeVisible()
  await page.screenshot({ path: 'test-results/consent-first.png' })
  expect([...dialled]).toEqual([])
  await page.getByLabel('Your name').fill('Ada')
  await page.getByRole('button', { name: 'Start' }).click()
  await expect(page.getByText('You can be reached')).toBeVisible()
  expect([...dialled]).toEqual([other.url])
})

test('at the first visit one peer starts, however often the button is pressed', async ({ relay, other, newBrowser }) => {
  const page = await (await newBrowser()).newPage()
  const sockets: WebSocket[] = []
  page.on('websocket', (socket) => sockets.push(socket))
  await page.goto(named(relay.page, other))
  await page.getByLabel('Your name').fill('Ada')
  await page.getByRole('button', { name: 'Start' }).dblclick()
  await expect(page.getByText('You can be reached')).toBeVisible()
  expect(sockets.filter((socket) => !socket.isClosed()).map((socket) => socket.url())).toEqual([other.url])
})

test('at the first visit a relay’s address that is none is said, and not agreed to', async ({ relay, newBrowser }) => {
  const page = await (await newBrowser()).newPage()
  await page.goto(`${relay.page}?relay=${encodeURIComponent('https://relay.example/relay')}`)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByRole('button', { name: 'Start' }).click()
  await expect(page.getByRole('alert')).toContainText('Kith could not start')
  expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.endsWith('/relays')))).toEqual([])
})

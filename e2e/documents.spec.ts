/** Documents that two people write: at once, alone and merged later, and not lost with a page. */
import { gzipSync } from 'node:zlib'
import type { Locator } from '@playwright/test'
import { findings } from './axe.ts'
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'
import { Writing } from './writing.ts'

/** Of script, gzipped, until someone can see their people: just above what it is, with @noble/* as audited. */
const FIRST_SCREEN_MAX_BYTES = 155 * 1024

test('two people share a document and write it at once', async ({ relay, newBrowser }) => {
  const adasBrowser = await newBrowser()
  const person = await Person.open(adasBrowser, relay.page, 'Ada Lovelace')
  const ada = new Writing(person)
  const grace = new Writing(await meet(person, await newBrowser(), 'Grace Hopper'))

  await ada.create('Engine notes')
  await ada.write('# Difference engine\n\nIt computes.')
  await ada.expectSaved()
  await expect(ada.row('Engine notes')).toContainText('Only you')
  await ada.shareWith('Grace Hopper')

  // Both list it, and Grace has it before she opens it.
  await expect(ada.row('Engine notes')).toContainText('With Grace Hopper')
  await expect(grace.row('Engine notes')).toContainText('With Ada Lovelace')
  await expect(grace.row('Engine notes')).toContainText('New')
  await ada.expectMerged('Grace Hopper')
  await grace.open('Engine notes')
  await expect(grace.row('Engine notes')).not.toContainText('New')
  await expect(grace.editor).toContainText('It computes.')

  // Each sees that the other is there, and where.
  await expect(ada.here('Grace Hopper')).toBeVisible()
  await expect(grace.here('Ada Lovelace')).toBeVisible()
  await expect(grace.cursors).toHaveText(['Ada Lovelace'])
  await expect(ada.cursors).toHaveText(['Grace Hopper'])

  await ada.editor.focus()
  await ada.page.keyboard.press('Control+Home')
  await ada.page.keyboard.press('End')
  await Promise.all([
    ada.page.keyboard.type(', which prints, says Ada.', { delay: 5 }),
    grace.write('\nOr does it, asks Grace.').then(() => grace.title.fill('Engine notes, continued')),
  ])
  await ada.expectMerged('Grace Hopper')
  await grace.expectMerged('Ada Lovelace')
  await expect(ada.title).toHaveValue('Engine notes, continued')
  await expect(ada.row('Engine notes, continued')).toBeVisible()
  const text = await ada.text()
  expect(text).toContain('# Difference engine, which prints, says Ada.')
  expect(text).toContain('Or does it, asks Grace.')
  expect(await grace.text()).toBe(text)

  // Cursors go with their people: with the screen that they leave, and with the page that they close.
  await grace.person.talkWith('Ada Lovelace')
  await expect(ada.cursors).toHaveCount(0)
  await expect(ada.here('Grace Hopper')).toHaveCount(0)
  await grace.open('Engine notes, continued')
  await expect(ada.cursors).toHaveCount(1)
  await grace.page.close()
  await expect(ada.cursors).toHaveCount(0)
})

test('the first screen loads no editor, and little else', async ({ relay, newBrowser }) => {
  const browser = await newBrowser()
  // An idle page loads the editor ahead. Here it is never idle, so that only what the first screen needs is counted.
  await browser.addInitScript(() => {
    window.requestIdleCallback = () => 0
  })
  const scripts = new Map<string, number>()
  browser.on('response', async (response) => {
    if (response.request().resourceType() === 'script') scripts.set(response.url(), gzipSync(await response.body()).length)
  })
  const ada = new Writing(await Person.open(browser, relay.page, 'Ada Lovelace'))
  await ada.person.expectReachable()
  const first = [...scripts.values()]
  expect(first.reduce((sum, bytes) => sum + bytes)).toBeLessThan(FIRST_SCREEN_MAX_BYTES)
  await ada.create('What it takes')
  await expect(ada.editor).toBeVisible()
  expect(scripts.size).toBeGreaterThan(first.length)
})

test('a page that is killed loses nothing that it called saved, nor what it told the other that it has', async ({
  relay,
  site,
  newBrowser,
}) => {
  const page = `${site.page}?relay=${encodeURIComponent(relay.url)}`
  const person = await Person.open(await newBrowser(), page, 'Ada Lovelace')
  const ada = new Writing(person)
  const gracesBrowser = await newBrowser()
  const first = new Writing(await meet(person, gracesBrowser, 'Grace Hopper'))
  await ada.create('Fragile')
  await ada.shareWith('Grace Hopper')
  await first.open('Fragile')
  await expect(ada.here('Grace Hopper')).toBeVisible()

  await first.write('Grace wrote this. ')
  await ada.write('Ada wrote this. ')
  await first.expectMerged('Ada Lovelace')
  await ada.expectMerged('Grace Hopper')
  const text = await ada.text()
  await relay.stop()
  // No 'pagehide', no last words: the process is gone.
  const crashed = first.page.waitForEvent('crash')
  void first.page.goto('chrome://crash').catch(() => undefined)
  await crashed
  // Of her, nothing is heard any more.
  await expect(ada.cursors).toHaveCount(0, { timeout: 8_000 })
  const grace = new Writing(await Person.again(gracesBrowser, page, 'Grace Hopper'))
  await grace.open('Fragile')
  expect(await grace.text()).toBe(text)

  // Alone, and killed once more, right after it said 'saved'.
  await grace.write('Alone.')
  await grace.expectOffline()
  const again = grace.page.waitForEvent('crash')
  void grace.page.goto('chrome://crash').catch(() => undefined)
  await again
  const last = new Writing(await Person.again(gracesBrowser, page, 'Grace Hopper'))
  await relay.start()
  // She looks at her list only: what she wrote finds its way by itself.
  await expect(ada.editor).toContainText('Alone.')
  await expect(last.row('Fragile')).toContainText('With Ada Lovelace')
})

test('what is shared with someone who is away arrives when they are back; who removes it is out of it', async ({
  relay,
  newBrowser,
}) => {
  const person = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const ada = new Writing(person)
  const grace = new Writing(await meet(person, await newBrowser(), 'Grace Hopper'))
  const graceAt = grace.page.url()
  await grace.page.goto('about:blank')
  await ada.create('For later')
  await ada.write('Read this.')
  await ada.shareWith('Grace Hopper')
  await ada.expectAway('Grace Hopper')
  // Closed again, and the page loaded anew: it is still on its way.
  await person.talkWith('Grace Hopper')
  await ada.page.reload()
  await grace.page.goto(graceAt)
  await expect(grace.page.getByText('Ada Lovelace shared a document with you')).toBeVisible()
  await grace.open('For later')
  await expect(grace.editor).toContainText('Read this.')

  await grace.page.getByRole('button', { name: 'About this document' }).click()
  await grace.page.getByRole('button', { name: 'Remove…' }).click()
  await expect(grace.page.getByText('Ada Lovelace will keep it.')).toBeVisible()
  await grace.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await expect(grace.row('For later')).toHaveCount(0)
  await expect(ada.row('For later')).toContainText('Only you')

  // Shared anew, it is back.
  await ada.open('For later')
  await ada.shareWith('Grace Hopper')
  await expect(grace.row('For later')).toContainText('With Ada Lovelace')
})

test('nonsense over the protocols of documents does no harm', async ({ relay, site, newBrowser }) => {
  const stranger = await (await newBrowser()).newPage()
  await stranger.goto(site.scriptTagPage)
  const link = await stranger.evaluate(
    async ({ page, url }) => {
      const peer = await Kith.createPeer({ storage: 'memory', relays: [url], page })
      await peer.identity.setName('Mallory')
      Object.assign(globalThis, { peer })
      return (await peer.invite()).link
    },
    { page: relay.page, url: relay.url },
  )
  const person = await Person.open(await newBrowser(), link, 'Ada Lovelace')
  await person.accept()
  await expect(person.page.getByRole('heading', { name: 'Mallory', exact: true })).toBeVisible()
  const refused = await stranger.evaluate(async () => {
    const { peer } = globalThis as unknown as { peer: import('@kith/sdk').Peer }
    const [ada] = peer.contacts
    if (!ada) throw new Error('no guest came')
    /** Whether the stream was reset. */
    const say = async (protocol: `/${string}`, params: unknown, bytes: readonly number[]) => {
      const said = Kith.messages(await peer.open(ada, protocol, { params }))
      try {
        await said.send(new Uint8Array(bytes))
        for await (const _ of said);
        return false
      } catch {
        return true
      }
    }
    const doc = '00000000-0000-4000-8000-000000000000'
    const good = { doc, title: '<img src=x onerror=alert(1)>', sharedAt: 1 }
    const params = [
      null,
      7,
      [],
      { doc: 'x' },
      { ...good, doc: '__proto__' },
      { ...good, title: {} },
      { ...good, sharedAt: 1e300 },
    ]
    const toSync = [[], [9], [0, 1, 200], [2, 3, 7, 7, 7], [2, 255, 255, 255, 127], [3, 99], [1, 2, 0, 0, 0]]
    const toAwareness = [[], [2, 1, 1, 1, 48], [1, 1, 1, 2, 123, 123]]
    const said: boolean[] = []
    for (const about of params) said.push(await say('/doc/yjs/v1', about, [0, 1, 0]))
    for (const bytes of toSync) said.push(await say('/doc/yjs/v1', good, bytes))
    for (const bytes of toAwareness) {
      const flow = await peer.openDatagrams(ada, '/doc/yjs-awareness/v1', { params: { doc } })
      // One may be lost.
      const again = setInterval(() => flow.send(new Uint8Array(bytes)), 50)
      const over = flow.closed.finally(() => clearInterval(again))
      said.push(
        await over.then(
          () => true,
          () => false,
        ),
      )
    }
    return said
  })
  expect(refused).toEqual(refused.map(() => true))
  const ada = new Writing(person)
  await expect(ada.list.getByRole('button', { name: '<img src=x onerror=alert(1)>' })).toHaveCount(1)
  await ada.open('<img src=x onerror=alert(1)>')
  await ada.write('Still here.')
  await expect(ada.standing).toHaveText('Saved in this browser. Mallory is online, but not on a page with documents.')
  await expect(ada.standing).toHaveAttribute('aria-busy', 'false')
  await ada.page.reload()
  await expect(ada.editor).toContainText('Still here.')
})

test('two tabs of one person show one document', async ({ relay, newBrowser }) => {
  const browser = await newBrowser()
  const one = new Writing(await Person.open(browser, relay.page, 'Ada Lovelace'))
  await one.create('Twice')
  await one.write('From the first tab. ')
  await one.expectSaved()
  const two = new Writing(await Person.again(browser, relay.page, 'Ada Lovelace'))
  await two.open('Twice')
  await expect(two.editor).toContainText('From the first tab.')
  await two.write('From the second.')
  await expect(one.editor).toContainText('From the second.')
  await two.page.reload()
  await expect(two.editor).toContainText('From the first tab. From the second.')
})

test('while the relay is away two people go on writing and see where the other is; once it is back, a third joins them', async ({
  relay,
  newBrowser,
}) => {
  test.setTimeout(300_000)
  const person = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const ada = new Writing(person)
  const grace = new Writing(await meet(person, await newBrowser(), 'Grace Hopper'))
  await ada.create('Without a relay')
  await ada.write('First line\nLast line, ')
  await ada.shareWith('Grace Hopper')
  await grace.open('Without a relay')
  await expect(ada.here('Grace Hopper')).toBeVisible()

  await relay.stop()
  const stillWith = (name: string) =>
    `Saved in this browser, and with ${name}. The relay is not reachable; you are still connected`
  await expect(ada.standing).toHaveText(stillWith('Grace Hopper'))
  await expect(grace.standing).toHaveText(stillWith('Ada Lovelace'))
  await ada.write('says Ada, ')
  await expect(grace.editor).toContainText('says Ada, ')
  await grace.write('says Grace.')
  await expect(ada.editor).toContainText('says Ada, says Grace.')
  for (const [mover, watcher] of [[ada, grace] as const, [grace, ada] as const]) {
    await watcher.expectCursorIn('last')
    await mover.editor.focus()
    await mover.page.keyboard.press('Control+Home')
    await watcher.expectCursorIn('first')
  }

  await relay.start()
  await ada.expectMerged('Grace Hopper')
  await person.expectReachable()
  const alan = new Writing(await meet(person, await newBrowser(), 'Alan Turing'))
  await ada.open('Without a relay')
  await ada.shareWith('Alan Turing')
  await alan.open('Without a relay')
  await expect(alan.editor).toContainText('says Ada, says Grace.')
  await expect(ada.here('Grace Hopper')).toBeVisible()
  await expect(ada.here('Alan Turing')).toBeVisible()
})

test('axe finds nothing serious in documents, light and dark, and each screen has its heading', async ({ relay, newBrowser }) => {
  test.setTimeout(300_000)
  const person = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const ada = new Writing(person)
  const { page } = ada
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const expectHeading = async (heading: string) => {
    const headings = page.getByRole('heading', { level: 1, includeHidden: true })
    await expect(headings).toHaveCount(1)
    expect(await headings.evaluate((h1) => h1.querySelector('input')?.value ?? h1.textContent)).toBe(heading)
  }
  const check = async (heading: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await findings(ada)).toEqual([])
    }
    await expectHeading(heading)
  }
  await expectHeading('Kith')
  const grace = new Writing(await meet(person, await newBrowser(), 'Grace Hopper'))
  await expectHeading('Grace Hopper')
  await ada.create('Engine notes')
  await ada.write('# A heading\n\n> and *all* of **what** `there` is ~~not~~ [here](https://example.org)\n\n- [ ] to do')
  await ada.shareWith('Grace Hopper')
  await grace.open('Engine notes')
  await grace.editor.focus()
  await expect(ada.cursors).toHaveCount(1)
  await check('Engine notes')
  await page.getByRole('main').getByRole('button', { name: 'Share', exact: true }).click()
  await check('Engine notes')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'About this document' }).click()
  await check('Engine notes')
  await page.getByRole('button', { name: 'Remove…' }).click()
  await check('Engine notes')
  await page.keyboard.press('Escape')
  await page.setViewportSize({ width: 390, height: 844 })
  await relay.stop()
  await grace.page.close()
  await ada.expectOffline()
  await check('Engine notes')
  await page.getByRole('button', { name: 'Back to the list' }).click()
  await check('Kith')
})

test('what does not fit into a document is refused as a whole, in words, and nothing is lost', async ({ relay, newBrowser }) => {
  const ada = new Writing(await Person.open(await newBrowser(), relay.page, 'Ada Lovelace'))
  const note = ada.page.getByRole('alert').filter({ hasText: 'a document holds 1,000,000 characters' })
  await ada.create('Full')
  const line = `${'x'.repeat(99)}\n`
  await ada.paste(`${line.repeat(9_999)}${'x'.repeat(99)}`)
  await ada.write('yz')
  await expect(note).toBeVisible()
  await ada.write('y')
  await expect(note).toHaveCount(0)
  await ada.page.keyboard.press('Control+a')
  await ada.paste(line.repeat(10_001))
  await expect(note).toBeVisible()
  const written = await ada.text('Full')
  expect(written).toHaveLength(1_000_000)
  expect(written.endsWith('xy')).toBe(true)
})

test('after a reload the open document is in sight in a long list', async ({ relay, newBrowser }) => {
  const ada = new Writing(await Person.open(await newBrowser(), relay.page, 'Ada Lovelace'))
  await ada.create('The first of many')
  await ada.expectSaved()
  for (let n = 2; n <= 12; n++) await ada.create(`Number ${n}`)
  const row = ada.row('The first of many')
  await expect(row).not.toBeInViewport()
  await ada.open('The first of many')
  await ada.page.reload()
  await expect(row).toBeInViewport({ ratio: 1 })
})

test('by keyboard alone: a new document, its title, its text, and out again', async ({ relay, newBrowser }) => {
  const { page } = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  await page.getByRole('button', { name: 'New document' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: 'Title', exact: true })).toBeFocused()
  await page.keyboard.type('Keys')
  const editor = page.getByRole('textbox', { name: 'Text of Keys' })
  await page.keyboard.press('Enter')
  expect(await isFocused(editor)).toBe(true)
  await page.keyboard.press('Shift+Tab')
  for (let presses = 0; presses < 4 && !(await isFocused(editor)); presses++) await page.keyboard.press('Tab')
  await expect(editor).toBeFocused()
  await page.keyboard.type('One mistake')
  await page.keyboard.press('Control+z')
  await expect(editor).not.toContainText('One mistake')
  await page.keyboard.press('Control+Shift+Z')
  await expect(editor).toContainText('One mistake')
  await page.keyboard.press('Shift+Tab')
  await expect(editor).not.toBeFocused()
})

const isFocused = (editor: Locator) =>
  editor.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element)

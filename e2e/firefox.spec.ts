/** The same journeys between Chromium and Firefox, who invites and who calls by turns: nothing may work in one of them alone. */
import { firefox, NO_FIREFOX } from '../scripts/browsers.mjs'
import { Calling } from './calling.ts'
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'
import * as several from './several.ts'
import { Writing } from './writing.ts'

const ADA = 'Ada Lovelace'
const GRACE = 'Grace Hopper'
const ALAN = 'Alan Turing'

test.skip(firefox() === undefined, NO_FIREFOX)

// What Playwright does to a page to take a picture of it Firefox tells as a violation of the page's policy, which fails a test.
test.use({ screenshot: 'off' })

test('Chromium invites Firefox: chat, a reload of both, away and back, and an end', async ({ relay, newBrowser, newFirefox }) => {
  const ada = await Person.open(await newBrowser(), relay.page, ADA)
  const grace = await meet(ada, await newFirefox(), GRACE)
  await ada.chatWith(grace, 'The engine')
  for (const person of [ada, grace]) await expect(person.link).toHaveText('Connected directly')
  await expect(ada.row(GRACE)).toContainText('online')
  await expect(grace.row(ADA)).toContainText('online')

  // Keys, people and words outlive the page, and each dials the other.
  const ids = [await ada.peerId(), await grace.peerId()]
  await Promise.all([ada.page.reload(), grace.page.reload()])
  expect([await ada.peerId(), await grace.peerId()]).toEqual(ids)
  await expect(grace.said('The engine, says Ada')).toBeVisible()
  await grace.chatWith(ada, 'After a reload')

  const graceAt = grace.page.url()
  await grace.page.goto('about:blank')
  // A dial has to remain unanswered first.
  await expect(ada.link).toContainText('Grace Hopper is away', { timeout: 40_000 })
  await expect(ada.row(GRACE)).toContainText('away')
  await ada.say('Read this when you are back')
  await grace.page.goto(graceAt)
  await ada.expectDelivered('Read this when you are back')
  await expect(ada.row(GRACE)).toContainText('online')

  await grace.talkWith(ADA)
  await expect(grace.said('Read this when you are back')).toHaveCount(1)
  await grace.page.getByRole('button', { name: `About ${ADA}` }).click()
  await grace.page.getByRole('radio', { name: 'Blocked' }).check()
  await grace.page.keyboard.press('Escape')
  await expect(grace.link).toHaveText('Blocked')
  await expect(ada.link).not.toHaveText('Connected directly')
  await ada.say('Do you hear me?')
  await expect(ada.said('Do you hear me?')).toContainText('Waiting')
  await expect(grace.said('Do you hear me?')).toHaveCount(0)
})

test('Firefox invites Chromium: 8 MiB each way at once, and datagrams', async ({ relay, site, newBrowser, newFirefox }) => {
  const relays = [relay.url]
  const [firefoxPage, chromiumPage] = [await (await newFirefox()).newPage(), await (await newBrowser()).newPage()]
  const pages = [firefoxPage, chromiumPage]
  const ids = await Promise.all(pages.map((page, i) => several.join(page, site, { relays, name: `${i}` })))
  await several.meet(firefoxPage, chromiumPage)
  for (const page of pages) {
    await page.evaluate(() => {
      me.handle('/hash/v1', async (stream) => {
        const received = await new Response(stream.readable).arrayBuffer()
        const writer = stream.writable.getWriter()
        await writer.write(new Uint8Array(await crypto.subtle.digest('SHA-256', received)))
        await writer.close()
      })
      me.handleDatagrams('/echo/v1', (flow) => flow.readable.pipeTo(flow.writable))
    })
  }

  const send = (page: (typeof pages)[number], to: string | undefined) =>
    page.evaluate(async (id) => {
      const bytes = new Uint8Array(8 * 1024 * 1024)
      // As much as one call may draw.
      for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
      const stream = await me.open(Kith.parsePeerId(id ?? ''), '/hash/v1')
      const writer = stream.writable.getWriter()
      for (let at = 0; at < bytes.length; at += 100_000) await writer.write(bytes.slice(at, at + 100_000))
      await writer.close()
      const theirs = await new Response(stream.readable).bytes()
      return { theirs: [...theirs], mine: [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))] }
    }, to)
  for (const { theirs, mine } of await Promise.all([send(firefoxPage, ids[1]), send(chromiumPage, ids[0])])) {
    expect(theirs).toEqual(mine)
  }

  for (const [page, to] of [
    [firefoxPage, ids[1]],
    [chromiumPage, ids[0]],
  ] as const) {
    const echoed = await page.evaluate(async (id) => {
      const flow = await me.openDatagrams(Kith.parsePeerId(id ?? ''), '/echo/v1')
      const echoed = new Set<number>()
      let sent = 0
      // One that is lost is not repeated: there is always another.
      const timer = setInterval(() => flow.send(new Uint8Array(flow.maxDatagramSize).fill(sent++ % 251)), 5)
      for await (const datagram of flow.readable) {
        if (datagram.length !== flow.maxDatagramSize || datagram.some((byte) => byte !== datagram[0])) throw new Error('damaged')
        echoed.add(datagram[0] ?? -1)
        if (echoed.size === 100) break
      }
      clearInterval(timer)
      flow.close()
      return { echoed: echoed.size, sent }
    }, to)
    expect(echoed.echoed / echoed.sent).toBeGreaterThan(0.8)
  }
})

test('Firefox invites and calls Chromium: picture, sound, camera off and on, hung up', async ({
  relay,
  newBrowser,
  newFirefox,
}) => {
  const person = await Person.open(await newFirefox(), relay.page, ADA)
  const [ada, grace] = [new Calling(person), new Calling(await meet(person, await newBrowser(), GRACE))]
  await ada.call(GRACE)
  await grace.accept(ADA)
  await Promise.all([ada.expectPicture(), grace.expectPicture()])
  await Promise.all([ada.expectSound(), grace.expectSound()])
  await expect(ada.screen(GRACE)).toContainText(/, (excellent|good)/)
  await expect(grace.screen(ADA)).toContainText(/, (excellent|good)/)
  await ada.button('Turn camera off').click()
  await expect(grace.said('Ada Lovelace’s camera is off')).toBeVisible()
  await ada.button('Turn camera on').click()
  await grace.expectPicture()
  await grace.hangUp()
  await expect(ada.news).toHaveText('Grace Hopper hung up')
})

test('Chromium invites and calls Firefox: declined, then accepted; a screen in place of the camera', async ({
  relay,
  newBrowser,
  newFirefox,
}) => {
  const person = await Person.open(await newBrowser(), relay.page, ADA)
  const [ada, grace] = [new Calling(person), new Calling(await meet(person, await newFirefox(), GRACE))]
  await ada.call(GRACE)
  await grace.button('Decline').click()
  await expect(ada.screen(GRACE)).toContainText('Grace Hopper declined')
  await ada.button('Call again').click()
  await grace.accept(ADA)
  await Promise.all([ada.expectPicture(), grace.expectPicture()])
  // A Firefox without a window has no screen to share.
  const camera = await ada.shapeOfMine()
  await ada.page.setViewportSize({ width: 390, height: 844 })
  await ada.button('Share your screen').click()
  await ada.expectMine('Your screen')
  await expect.poll(() => ada.shapeOfMine()).not.toBeCloseTo(camera, 1)
  await grace.expectShape(await ada.shapeOfMine())
  await grace.expectPicture()
  await ada.button('Stop sharing your screen').click()
  await grace.expectShape(camera)
  await grace.expectPicture()
  await ada.hangUp()
  await expect(grace.news).toHaveText('Ada Lovelace hung up')
})

test('Chromium and Firefox write one document', async ({ relay, newBrowser, newFirefox }) => {
  const person = await Person.open(await newBrowser(), relay.page, ADA)
  const [ada, grace] = [new Writing(person), new Writing(await meet(person, await newFirefox(), GRACE))]
  await grace.create('Engine notes')
  await grace.write('# Difference engine\n\nIt computes.')
  await grace.expectSaved()
  await grace.shareWith(ADA)
  await ada.open('Engine notes')
  await expect(ada.editor).toContainText('It computes.')
  await expect(grace.cursors).toHaveText([ADA])
  await Promise.all([ada.write('\nIt prints, says Ada.'), grace.title.fill('Engine notes, continued')])
  await expect(grace.editor).toContainText('It prints, says Ada.')
  await grace.write('\nOr does it, asks Grace.')
  await ada.expectMerged(GRACE)
  await grace.expectMerged(ADA)
  await expect(ada.title).toHaveValue('Engine notes, continued')
  for (const { editor } of [ada, grace]) {
    await expect(editor.locator('.cm-line').nth(3)).toContainText('It prints, says Ada.')
    await expect(editor.locator('.cm-line').nth(4)).toContainText('Or does it, asks Grace.')
  }
  await grace.page.reload()
  await expect(grace.editor).toContainText('Or does it, asks Grace.')
})

test('Firefox and Firefox meet, talk and see each other', async ({ relay, newFirefox }) => {
  const person = await Person.open(await newFirefox(), relay.page, ADA)
  const [ada, grace] = [new Calling(person), new Calling(await meet(person, await newFirefox(), GRACE))]
  await ada.person.chatWith(grace.person, 'The engine')
  await grace.call(ADA)
  await ada.accept(GRACE)
  await Promise.all([ada.expectPicture(), grace.expectPicture()])
  await Promise.all([ada.expectSound(), grace.expectSound()])
  await ada.hangUp()
  await expect(grace.news).toHaveText('Ada Lovelace hung up')
})

test('Firefox invites Chromium: the chat goes on when the relay stops; once it is back, each is met by another', async ({
  relay,
  newBrowser,
  newFirefox,
}) => {
  const ada = await Person.open(await newFirefox(), relay.page, ADA)
  const grace = await meet(ada, await newBrowser(), GRACE)
  await ada.chatWith(grace, 'With a relay')
  await relay.stop()
  const words = 'The relay is not reachable; people you are connected with stay connected'
  for (const person of [ada, grace]) await expect(person.status).toHaveText(words)
  await ada.chatWith(grace, 'Without a relay')
  await expect(ada.link).toHaveText('Connected directly')

  await relay.start()
  for (const person of [ada, grace]) await person.expectReachable()
  await grace.chatWith(ada, 'With a relay again')
  const alan = await meet(ada, await newFirefox(), ALAN)
  await alan.chatWith(ada, 'Somebody new')
  await ada.talkWith(GRACE)
  await grace.chatWith(ada, 'And still')
})

test('two tabs of one Firefox are one person, and either can be closed', async ({ relay, newBrowser, newFirefox }) => {
  const gracesBrowser = await newFirefox()
  const [first, second] = await Promise.all([
    Person.open(gracesBrowser, relay.page, GRACE),
    Person.open(gracesBrowser, relay.page, GRACE),
  ])
  expect(await second.peerId()).toBe(await first.peerId())
  const ada = await meet(first, await newBrowser(), ADA)
  await second.talkWith(ADA)
  // What one tab hears and says the other shows.
  await ada.say('To both')
  for (const tab of [first, second]) await tab.expectHeard(ada, 'To both')
  await second.say('From the second')
  await ada.expectHeard(second, 'From the second')
  await expect(first.said('From the second')).toContainText('Delivered')

  await first.page.close()
  await ada.chatWith(second, 'To the one that is left')
  const third = await Person.again(gracesBrowser, relay.page, GRACE)
  await second.page.close()
  await third.talkWith(ADA)
  await expect(third.said('To the one that is left, answers Grace')).toBeVisible()
  await third.chatWith(ada, 'From the last one')
})

test('Chromium invites Firefox, who does not want to; the next one does, and the first one is too late', async ({
  relay,
  newBrowser,
  newFirefox,
}) => {
  const ada = await Person.open(await newBrowser(), relay.page, ADA)
  const link = await ada.invite()
  const grace = await Person.open(await newFirefox(), link, GRACE)
  await grace.page.getByRole('button', { name: 'Not now' }).click()
  await expect(grace.page.getByText('No people yet')).toBeVisible()
  expect(new URL(grace.page.url()).hash).toBe('')
  await expect(ada.page.getByText('Waiting for them…')).toBeVisible()

  const alan = await Person.open(await newFirefox(), link, ALAN)
  await alan.accept()
  await ada.page.getByRole('button', { name: `Write to ${ALAN}` }).click()
  await ada.chatWith(alan, 'The engine')
  await grace.page.goto(link)
  await grace.accept()
  await expect(grace.page.getByRole('alert')).toContainText('This invitation was used or revoked')
  await grace.page.getByRole('button', { name: 'Go to my people' }).click()
  await expect(grace.page.getByText('No people yet')).toBeVisible()
  await expect(ada.row(GRACE)).toHaveCount(0)
})

test('what Chromium and Firefox write into one document while both are offline is merged', async ({
  relay,
  site,
  newBrowser,
  newFirefox,
}) => {
  const page = `${site.page}?relay=${encodeURIComponent(relay.url)}`
  const person = await Person.open(await newBrowser(), page, ADA)
  const [ada, grace] = [new Writing(person), new Writing(await meet(person, await newFirefox(), GRACE))]
  await ada.create('Engine notes')
  await ada.write('# Difference engine\n\nIt computes.')
  await ada.shareWith(GRACE)
  await grace.open('Engine notes')
  await expect(grace.editor).toContainText('It computes.')
  await ada.expectMerged(GRACE)

  // Her page loads again without a relay: the two do not find each other.
  await relay.stop()
  await grace.page.reload()
  await expect(ada.cursors).toHaveCount(0)
  await ada.write('\nIt prints, says Ada.')
  await grace.write('\nOr does it, asks Grace.')
  await grace.title.fill('Engine notes, continued')
  await Promise.all([ada.expectOffline(), grace.expectOffline()])
  await expect(ada.editor).not.toContainText('asks Grace')
  await expect(grace.editor).not.toContainText('says Ada')

  await relay.start()
  await Promise.all([ada.expectMerged(GRACE), grace.expectMerged(ADA)])
  await expect(ada.title).toHaveValue('Engine notes, continued')
  // Which line is the first is arbitrary, but the same on both sides.
  const line = ({ editor }: Writing, index: number) => editor.locator('.cm-line').nth(index)
  const words = ['It prints, says Ada.', 'Or does it, asks Grace.']
  await expect(line(ada, 3)).toContainText(/It prints|Or does it/)
  if ((await line(ada, 3).textContent())?.startsWith('Or')) words.reverse()
  for (const writing of [ada, grace]) {
    await expect(writing.editor.locator('.cm-line')).toHaveCount(5)
    for (const [index, said] of words.entries()) await expect(line(writing, 3 + index)).toContainText(said)
  }
})

// Two tabs of one profile are one peer: any may dial, one answers.
import { expect, test } from './fixtures.ts'
import { join, meet, whoAnswers } from './several.ts'

test('any tab dials; the one last in focus answers, and another when it is closed', async ({ relay, site, newBrowser }) => {
  const relays = [relay.url]
  const browser = await newBrowser()
  const [first, second] = [await browser.newPage(), await browser.newPage()]
  const bo = await (await newBrowser()).newPage()
  const adaId = await join(first, site, { relays, name: 'first tab' })
  const boId = await join(bo, site, { relays, name: 'Bo' })
  await meet(first, bo)
  expect(await join(second, site, { relays, name: 'second tab' })).toBe(adaId)
  expect(await second.evaluate((id) => me.contacts.get(Kith.parsePeerId(id))?.name, boId)).toBe('Bo')

  expect(await Promise.all([first, second].map((tab) => whoAnswers(tab, boId)))).toEqual(['Bo', 'Bo'])

  // Playwright lets every page believe that it has the focus: the last one that was opened took it last.
  const focus = () => window.dispatchEvent(new Event('focus'))
  expect(await whoAnswers(bo, adaId)).toBe('second tab')
  await first.evaluate(focus)
  expect(await whoAnswers(bo, adaId)).toBe('first tab')
  await second.evaluate(focus)
  expect(await whoAnswers(bo, adaId)).toBe('second tab')

  await second.close()
  expect(await whoAnswers(bo, adaId)).toBe('first tab')

  // What one tab learns the other knows.
  const third = await browser.newPage()
  await join(third, site, { relays, name: 'third tab' })
  await third.evaluate((id) => me.contacts.update(Kith.parsePeerId(id), { name: 'Bo the Second' }), boId)
  await first.waitForFunction((id) => me.contacts.get(Kith.parsePeerId(id))?.name === 'Bo the Second', boId)
  // A crash gives no notice either: the page goes without running anything.
  await third.close({ runBeforeUnload: false })
  expect(await whoAnswers(bo, adaId)).toBe('first tab')
})

test('an invitation that one tab gave is told there, whichever tab lets the guest in', async ({ relay, site, newBrowser }) => {
  const relays = [relay.url]
  const browser = await newBrowser()
  const [first, second] = [await browser.newPage(), await browser.newPage()]
  const bo = await (await newBrowser()).newPage()
  await join(first, site, { relays, name: 'first tab' })
  await join(bo, site, { relays, name: 'Bo' })
  await join(second, site, { relays, name: 'second tab' })
  // The second tab is on duty; the invitation is the first one's.
  await meet(first, bo)
  expect(await first.evaluate(() => [...me.contacts].map(({ name }) => name))).toEqual(['Bo'])
  await expect.poll(() => second.evaluate(() => me.connections.size)).toBe(1)
  expect(await first.evaluate(() => me.connections.size)).toBe(0)
})

/** Small screens, keyboards, and the words that are said rather than shown. */
import type { Page } from '@playwright/test'
import { Calling } from './calling.ts'
import { expect, test } from './fixtures.ts'
import { asProfile, meet, Person } from './person.ts'
import { motions, sideways, watchMotion } from './screen.ts'
import { Writing } from './writing.ts'

test('on a phone: one thing at a time, and back leads back', async ({ relay, newBrowser }) => {
  const browser = await newBrowser()
  const ada = await Person.open(browser, relay.page, 'Ada Lovelace')
  await ada.page.setViewportSize({ width: 390, height: 844 })
  await meet(ada, await newBrowser(), 'Grace Hopper')
  const heading = ada.page.getByRole('heading', { name: 'Grace Hopper', exact: true })
  await expect(heading).toBeVisible()
  await expect(ada.row('Grace Hopper')).toBeHidden()

  await ada.page.goBack()
  await expect(heading).toBeHidden()
  await ada.row('Grace Hopper').click()
  await expect(heading).toBeVisible()
  await ada.page.reload()
  await expect(heading).toBeVisible()
  await ada.page.getByRole('button', { name: 'Back to people' }).click()
  await expect(ada.row('Grace Hopper')).toBeVisible()
})

test('nothing has to be scrolled sideways, from 320 to 1440 pixels', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Augusta King, Countess of Lovelace, née Byron')
  const grace = await meet(ada, await newBrowser(), 'Grace Brewster Murray Hopper, Rear Admiral')
  await grace.say(`A word that does not end: ${'engine'.repeat(60)}`)
  await ada.expectHeard(grace, 'A word that does not end')
  for (const width of [320, 390, 720, 721, 1024, 1440]) {
    await ada.page.setViewportSize({ width, height: 800 })
    const overflow = await ada.page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll('main, aside, [role=log], header')]
        .filter((element) => element.scrollWidth > element.clientWidth)
        .map((element) => element.className || element.tagName),
    )
    expect(overflow, `at ${width} pixels`).toEqual([])
  }
})

test.describe('on a phone of someone who asked for stillness', () => {
  test.use({ viewport: { width: 390, height: 844 }, contextOptions: { reducedMotion: 'reduce' } })

  test('nothing sticks out and nothing moves, from the first name to the call', async ({ relay, newBrowser }) => {
    const [ADA, GRACE] = ['Ada Augusta King, Countess of Lovelace, née Byron', 'Grace Brewster Murray Hopper, Rear Admiral']
    const WORD = `A word that does not end: ${'engine'.repeat(60)}`
    const check = async (...people: { page: Page }[]) => {
      for (const { page } of people) {
        expect(await sideways(page)).toEqual([])
        expect(await motions(page)).toEqual([])
      }
    }
    const browser = await newBrowser()
    await watchMotion(browser)
    const first = await browser.newPage()
    await first.goto(relay.page)
    await expect(first.getByLabel('Your name')).toBeVisible()
    await check({ page: first })
    await first.close()

    const ada = await Person.open(browser, relay.page, ADA)
    await expect(ada.page.getByText('No people yet')).toBeVisible()
    await check(ada)
    const link = await ada.invite()
    await check(ada)
    const gracesBrowser = await newBrowser()
    await watchMotion(gracesBrowser)
    const grace = await Person.open(gracesBrowser, link, GRACE)
    await expect(grace.page.getByRole('heading', { name: 'You have been invited' })).toBeVisible()
    await check(grace)
    await grace.accept()
    await expect(ada.page.getByRole('heading', { name: `${GRACE} is here` })).toBeVisible()
    await check(ada)
    await ada.page.getByRole('button', { name: `Write to ${GRACE}` }).click()
    await grace.say(WORD)
    await ada.expectHeard(grace, 'A word that does not end')
    await check(ada, grace)

    const about = await ada.about(GRACE)
    await expect(about.getByRole('list', { name: 'Safety number' }).getByRole('listitem')).toHaveCount(12)
    await check(ada)
    await about.getByRole('button', { name: 'Remove…' }).click()
    await expect(about.getByRole('heading', { name: `Remove ${GRACE}?` })).toBeVisible()
    await check(ada)
    await ada.page.keyboard.press('Escape')
    await ada.page.getByRole('button', { name: 'Back to people' }).click()
    await expect(ada.row(GRACE)).toBeVisible()
    await check(ada)
    await ada.page.getByRole('button', { name: /^You,/ }).click()
    await expect(ada.page.getByRole('textbox', { name: 'Your PeerId' })).toBeVisible()
    await check(ada)
    await ada.page.keyboard.press('Escape')

    const writing = new Writing(ada)
    await writing.create(`Notes on the engine, ${'which '.repeat(20)}`)
    await writing.write(`# ${WORD}\n\n${WORD}`)
    await writing.shareWith(GRACE)
    await expect(writing.editor).toContainText('A word that does not end')
    await check(ada)
    await ada.page.getByRole('main').getByRole('button', { name: 'Share', exact: true }).click()
    await expect(ada.page.getByRole('heading', { name: 'Share this document' })).toBeVisible()
    await check(ada)
    await ada.page.keyboard.press('Escape')
    await ada.page.getByRole('button', { name: 'About this document' }).click()
    await expect(ada.page.getByRole('button', { name: 'Download text' })).toBeVisible()
    await check(ada)
    await ada.page.keyboard.press('Escape')
    await ada.page.getByRole('button', { name: 'Back to the list' }).click()
    await expect(writing.list).toBeVisible()
    await check(ada)

    await ada.talkWith(GRACE)
    const [caller, callee] = [new Calling(ada), new Calling(grace)]
    await caller.button(`Call ${GRACE}`).click()
    await expect(caller.mine).toBeVisible()
    await check(ada)
    await caller.button('Call').click()
    await expect(callee.incoming).toContainText('is calling')
    await check(ada, grace)
    await callee.accept(ADA)
    await Promise.all([caller.expectPicture(), callee.expectPicture()])
    await caller.button('Turn microphone off').click()
    await callee.button('Turn camera off').click()
    await expect(caller.said(`${GRACE}’s camera is off`)).toBeVisible()
    await expect(callee.said(`${ADA} is muted`)).toBeVisible()
    await check(ada, grace)
    await caller.button('Devices').click()
    await expect(ada.page.getByRole('combobox', { name: 'Microphone' })).toBeVisible()
    await check(ada)
    await ada.page.keyboard.press('Escape')
    await caller.button('Make the call small').click()
    await check(ada)

    // For a person without that preference the same things move.
    await ada.page.emulateMedia({ reducedMotion: 'no-preference' })
    await ada.about(GRACE)
    await expect.poll(() => motions(ada.page)).not.toEqual([])
  })
})

test('by keyboard alone, from the first name to the first message', async ({ relay, newBrowser }) => {
  const browser = await newBrowser()
  const page = await browser.newPage()
  await page.goto(relay.page)
  await expect(page.getByLabel('Your name')).toBeFocused()
  await page.keyboard.type('Ada Lovelace')
  await page.keyboard.press('Enter')

  const invite = page.getByRole('button', { name: 'Invite', exact: true })
  await invite.focus()
  await page.keyboard.press('Enter')
  const link = page.getByRole('textbox', { name: 'Invitation link' })
  await expect(link).toHaveValue(/#kith-invite=/)
  const grace = await Person.open(browser, asProfile(await link.inputValue(), 'grace'), 'Grace Hopper')
  await grace.accept()
  await expect(page.getByRole('heading', { name: 'Grace Hopper is here' })).toBeVisible()

  // Closed, the dialog gives the focus back to what opened it.
  await page.keyboard.press('Escape')
  await expect(invite).toBeFocused()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('navigation', { name: 'People' }).getByRole('button', { name: 'Grace Hopper' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: 'Message Grace Hopper' })).toBeFocused()
  await page.keyboard.type('Two lines,')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('one message')
  await page.keyboard.press('Enter')
  await expect(grace.said('one message')).toContainText('Two lines,')
})

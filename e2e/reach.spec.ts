/** Small screens, keyboards, and the words that are said rather than shown. */
import { expect, test } from './fixtures.ts'
import { asProfile, meet, Person } from './person.ts'

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

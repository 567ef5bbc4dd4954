/** axe on every screen, light and dark: nothing serious. */
import type { Page } from '@playwright/test'
import { findings } from './axe.ts'
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'

for (const colorScheme of ['light', 'dark'] as const) {
  test(`${colorScheme}: every screen from the first name to the chat`, async ({ relay, newBrowser }) => {
    const browser = await newBrowser()
    const first = await browser.newPage()
    await first.emulateMedia({ colorScheme })
    await first.goto(relay.page)
    await expect(first.getByLabel('Your name')).toBeVisible()
    expect(await findings({ page: first })).toEqual([])
    await first.close()

    const ada = await Person.open(browser, relay.page, 'Ada')
    await ada.page.emulateMedia({ colorScheme })
    await ada.expectReachable()
    expect(await findings(ada)).toEqual([])

    const bo = await meet(ada, await newBrowser(), 'Bo')
    await bo.page.emulateMedia({ colorScheme })
    await ada.chatWith(bo, 'Colours')
    expect(await findings(ada)).toEqual([])
    expect(await findings(bo)).toEqual([])

    await ada.page.getByRole('button', { name: 'Invite', exact: true }).click()
    await expect(ada.page.getByRole('textbox', { name: 'Invitation link' })).toHaveValue(/#kith-invite=/)
    expect(await findings(ada)).toEqual([])
    await ada.page.keyboard.press('Escape')

    await ada.page.getByRole('button', { name: /^You,/ }).click()
    await expect(ada.page.getByRole('dialog')).toBeVisible()
    expect(await findings(ada)).toEqual([])
  })
}

/** As it is in both. */
async function expectNothingSerious({ page }: { page: Page }): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect(await findings({ page }), colorScheme).toEqual([])
  }
}

test('an invitation that is asked about, taken back, and in vain, light and dark', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada')
  const bo = await Person.open(await newBrowser(), await ada.invite(), 'Bo')
  await expect(bo.page.getByRole('heading', { name: 'You have been invited' })).toBeVisible()
  await expectNothingSerious(bo)
  await ada.page.getByRole('button', { name: 'Revoke' }).click()
  await expect(ada.page.getByText('This invitation is revoked')).toBeVisible()
  await expectNothingSerious(ada)
  await bo.accept()
  await expect(bo.page.getByRole('alert')).toContainText('This invitation was used or revoked')
  await expectNothingSerious(bo)

  await ada.page.getByRole('button', { name: 'New invitation' }).click()
  const link = ada.page.getByRole('textbox', { name: 'Invitation link' })
  await expect(link).toHaveValue(/#kith-invite=/)
  await bo.page.goto(await link.inputValue())
  await ada.page.close()
  await bo.accept()
  await expect(bo.page.getByText('Connecting with the person who invited you…')).toBeVisible()
  await expectNothingSerious(bo)
  // A dial has to remain unanswered first.
  await expect(bo.page.getByRole('alert')).toContainText('The person who invited you is away', { timeout: 40_000 })
  await expectNothingSerious(bo)
})

test('a contact who goes away and is blocked, light and dark', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada')
  const bo = await meet(ada, await newBrowser(), 'Bo')
  await ada.chatWith(bo, 'Colours')
  const dialog = await ada.about('Bo')
  await expect(dialog.getByRole('list', { name: 'Safety number' }).getByRole('listitem')).toHaveCount(12)
  await expectNothingSerious(ada)
  await dialog.getByRole('button', { name: 'Remove…' }).click()
  await expect(ada.page.getByRole('heading', { name: 'Remove Bo?' })).toBeVisible()
  await expectNothingSerious(ada)
  await ada.page.keyboard.press('Escape')

  await bo.page.close()
  // A dial has to remain unanswered first.
  await expect(ada.link).toContainText('Bo is away', { timeout: 40_000 })
  await ada.say('For later')
  await expect(ada.page.getByText('What you write is sent as soon as you are both here')).toBeVisible()
  await expectNothingSerious(ada)

  await ada.about('Bo')
  await dialog.getByRole('radio', { name: 'Blocked' }).check()
  await expectNothingSerious(ada)
  await ada.page.keyboard.press('Escape')
  await expect(ada.page.getByText('You blocked Bo')).toBeVisible()
  await expectNothingSerious(ada)
})

test('a browser that has no WebRTC is told what to do, light and dark', async ({ relay, newBrowser }) => {
  const browser = await newBrowser()
  await browser.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'RTCPeerConnection')
  })
  const page = await browser.newPage()
  await page.goto(relay.page)
  await expect(page.getByRole('alert')).toContainText('Open this page in a current Firefox, Chrome, Edge or Safari')
  await expectNothingSerious({ page })
})

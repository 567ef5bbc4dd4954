/** axe on every screen, light and dark: nothing serious. */
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

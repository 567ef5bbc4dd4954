/** People one knows: what I call them, whether it is really them, and how to part. */
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'

test('a name of my own for someone: in the list and over the conversation, also after a reload', async ({
  relay,
  newBrowser,
}) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  const dialog = await ada.about('Grace Hopper')
  await dialog.getByRole('textbox', { name: 'Name in your list' }).fill('Amazing Grace')
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(dialog.getByRole('status').filter({ hasText: 'Saved' })).toBeVisible()
  await expect(dialog.getByRole('heading', { name: 'About Amazing Grace' })).toBeVisible()
  await ada.page.keyboard.press('Escape')

  const expectRenamed = async () => {
    await expect(ada.page.getByRole('heading', { name: 'Amazing Grace', exact: true, level: 1 })).toBeVisible()
    await expect(ada.row('Amazing Grace')).toBeVisible()
    await expect(ada.row('Grace Hopper')).toHaveCount(0)
  }
  await expectRenamed()
  await ada.page.reload()
  await expectRenamed()

  // It stays when she comes by herself, and she knows nothing of it.
  await grace.say('Who is that?')
  await expect(ada.said('Who is that?')).toContainText('Amazing Grace: ')
  await expectRenamed()
  await grace.page.getByRole('button', { name: /^You,/ }).click()
  await expect(grace.page.getByRole('textbox', { name: 'Your name' })).toHaveValue('Grace Hopper')
})

test('two people see the same safety number, and with somebody else another one', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  const digits = await ada.safetyNumber('Grace Hopper')
  expect(digits).toMatch(/^\d{60}$/)
  expect(await grace.safetyNumber('Ada Lovelace')).toBe(digits)
  await grace.page.reload()
  expect(await grace.safetyNumber('Ada Lovelace')).toBe(digits)

  const alan = await meet(ada, await newBrowser(), 'Alan Turing')
  const others = await ada.safetyNumber('Alan Turing')
  expect(others).toMatch(/^\d{60}$/)
  expect(others).not.toBe(digits)
  expect(await alan.safetyNumber('Ada Lovelace')).toBe(others)
})

test('who is removed is gone with all that was said, also after a reload, and reaches me only by a new invitation', async ({
  relay,
  newBrowser,
}) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  await ada.chatWith(grace, 'Long ago')
  const dialog = await ada.about('Grace Hopper')
  await dialog.getByRole('button', { name: 'Remove…' }).click()
  await expect(ada.page.getByRole('heading', { name: 'Remove Grace Hopper?' })).toBeVisible()
  await ada.page.getByRole('button', { name: 'Keep', exact: true }).click()
  await expect(dialog.getByRole('heading', { name: 'About Grace Hopper' })).toBeVisible()
  await dialog.getByRole('button', { name: 'Remove…' }).click()
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()

  const noPeople = ada.page.getByText('No people yet')
  await expect(noPeople).toBeVisible()
  await expect(ada.page.getByRole('heading', { name: 'Grace Hopper', exact: true })).toHaveCount(0)
  await grace.say('Are you there?')
  // A dial has to remain unanswered first.
  await expect(grace.link).toContainText('Ada Lovelace is away', { timeout: 40_000 })
  await expect(grace.said('Are you there?')).toContainText('Waiting')
  await expect(noPeople).toBeVisible()
  await ada.page.reload()
  await ada.expectReachable()
  await expect(noPeople).toBeVisible()

  await grace.page.goto(await ada.invite())
  await grace.accept()
  await ada.page.getByRole('button', { name: 'Write to Grace Hopper' }).click()
  await ada.expectHeard(grace, 'Are you there?')
  await expect(ada.said('Long ago')).toHaveCount(0)
  await ada.chatWith(grace, 'Once more')
})

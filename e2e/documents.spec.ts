/** Documents that two people write: at once, alone and merged later, and not lost with a page. */
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'
import { Writing } from './writing.ts'

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

  await Promise.all([
    ada.page.keyboard.type(' And it prints, says Ada.', { delay: 5 }),
    grace.write('\nOr does it, asks Grace.'),
    grace.title.fill('Engine notes, continued'),
  ])
  await ada.expectMerged('Grace Hopper')
  await grace.expectMerged('Ada Lovelace')
  await expect(ada.title).toHaveValue('Engine notes, continued')
  await expect(ada.row('Engine notes, continued')).toBeVisible()
  const text = await ada.text()
  expect(text).toContain('And it prints, says Ada.')
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

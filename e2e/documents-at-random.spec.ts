/** Whatever two people do to a document, together and apart: it ends as one. */
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'
import { seededRandom, Writing } from './writing.ts'

// A picture of each of some thousand keys takes longer than the keys.
test.use({ trace: 'off' })

test('1,000 random edits by two people, one of them offline for a third of them, end in one text', async ({
  relay,
  site,
  newBrowser,
}) => {
  test.setTimeout(300_000)
  const seed = Number(process.env.KITH_SEED ?? Date.now() % 1_000_000)
  console.log(`KITH_SEED=${seed}`)
  const page = `${site.page}?relay=${encodeURIComponent(relay.url)}`
  const person = await Person.open(await newBrowser(), page, 'Ada Lovelace')
  const ada = new Writing(person)
  const grace = new Writing(await meet(person, await newBrowser(), 'Grace Hopper'))
  await ada.create('Random')
  await ada.write('Once upon a time\nthere was a text\nthat two people wrote.\n')
  await ada.shareWith('Grace Hopper')
  await grace.open('Random')
  await expect(grace.editor).toContainText('that two people wrote')
  const random = { ada: seededRandom(seed), grace: seededRandom(seed + 1) }

  await Promise.all([ada.editAtRandom(random.ada, 170), grace.editAtRandom(random.grace, 170)])
  await ada.expectMerged('Grace Hopper')

  // Grace loads her page again where no relay is: nobody finds her, she finds nobody, and both go on writing.
  await relay.stop()
  await grace.page.reload()
  await expect(ada.cursors).toHaveCount(0)
  await Promise.all([ada.editAtRandom(random.ada, 160), grace.editAtRandom(random.grace, 160)])
  await grace.expectAway('Ada Lovelace')
  await ada.expectAway('Grace Hopper')
  expect(await grace.text()).not.toBe(await ada.text())

  await relay.start()
  await ada.expectMerged('Grace Hopper')
  await grace.expectMerged('Ada Lovelace')
  await Promise.all([ada.editAtRandom(random.ada, 170), grace.editAtRandom(random.grace, 170)])
  await ada.expectMerged('Grace Hopper')
  await grace.expectMerged('Ada Lovelace')
  const text = await ada.text()
  expect(text.length).toBeGreaterThan(300)
  expect(await grace.text()).toBe(text)

  // What was typed is what is kept.
  await ada.page.reload()
  await expect(ada.editor).toBeVisible()
  expect(await ada.text()).toBe(text)
})

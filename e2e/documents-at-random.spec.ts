/** Whatever two people do to a document, together and apart: it ends as one. */
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'
import { seededRandom, Writing } from './writing.ts'

// A picture of each of some thousand keys takes longer than the keys.
test.use({ trace: 'off' })

const TITLES = ['First random', 'Second random'] as const

/** Half of the edits in each document. */
async function editAtRandom(writing: Writing, random: () => number, edits: number): Promise<void> {
  for (const title of TITLES) {
    await writing.open(title)
    await writing.editAtRandom(random, edits / TITLES.length)
  }
}

async function textsOf(writing: Writing): Promise<string[]> {
  const texts: string[] = []
  for (const title of TITLES) {
    await writing.open(title)
    texts.push(await writing.text(title))
  }
  return texts
}

/** Both are merged in each document, and have the same text. */
async function expectAlike(ada: Writing, grace: Writing): Promise<string[]> {
  for (const title of TITLES) {
    await Promise.all([ada.open(title), grace.open(title)])
    await Promise.all([ada.expectMerged('Grace Hopper'), grace.expectMerged('Ada Lovelace')])
  }
  const texts = await textsOf(ada)
  expect(await textsOf(grace)).toEqual(texts)
  return texts
}

test('1,000 random edits to two documents by two people, one of them offline for a third of them, end in the same texts', async ({
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
  for (const title of TITLES) {
    await ada.create(title)
    await ada.write('Once upon a time\nthere was a text\nthat two people wrote.\n')
    await ada.shareWith('Grace Hopper')
    await grace.open(title)
    await expect(grace.editor).toContainText('that two people wrote')
  }
  const random = { ada: seededRandom(seed), grace: seededRandom(seed + 1) }
  const both = (edits: number) => Promise.all([editAtRandom(ada, random.ada, edits), editAtRandom(grace, random.grace, edits)])

  await both(170)
  await expectAlike(ada, grace)

  // Grace loads her page again without a relay: the two do not find each other, and both go on writing.
  await relay.stop()
  await grace.page.reload()
  await expect(ada.cursors).toHaveCount(0)
  await both(160)
  await Promise.all([ada.expectOffline(), grace.expectOffline()])
  await expect(ada.cursors).toHaveCount(0)
  expect(await textsOf(grace)).not.toEqual(await textsOf(ada))

  await relay.start()
  await expectAlike(ada, grace)
  await both(170)
  const texts = await expectAlike(ada, grace)
  expect(texts.join().length).toBeGreaterThan(300)

  // A cursor leaves with its person, and what was typed stays.
  await grace.page.close()
  await expect(ada.cursors).toHaveCount(0)
  await ada.page.reload()
  await expect(ada.editor).toBeVisible()
  expect(await textsOf(ada)).toEqual(texts)
})

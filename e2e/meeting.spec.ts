/** The main job: two people meet by a link and talk, and go on when a page or the relay goes away. */
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'

test('two people meet by an invitation and talk', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  await ada.expectReachable()
  const link = await ada.invite()
  await expect(ada.page.getByRole('img', { name: 'The invitation link as a QR code' })).toBeVisible()
  await expect(ada.page.getByText('Waiting for them…')).toBeVisible()

  const grace = await Person.open(await newBrowser(), link, 'Grace Hopper')
  await expect(grace.page.getByRole('heading', { name: 'You have been invited' })).toBeVisible()
  await grace.accept()

  // The chat opens, and the secret of the link is gone from the address bar.
  await expect(grace.page.getByRole('heading', { name: 'Ada Lovelace' })).toBeVisible()
  expect(new URL(grace.page.url()).hash).toBe('')
  await expect(ada.page.getByRole('heading', { name: 'Grace Hopper is here' })).toBeVisible()
  await ada.page.getByRole('button', { name: 'Write to Grace Hopper' }).click()

  await expect(ada.row('Grace Hopper')).toContainText('online')
  await expect(grace.row('Ada Lovelace')).toContainText('online')
  await ada.chatWith(grace, 'The engine')
  await expect(ada.link).toHaveText('Connected directly')
  await expect(grace.link).toHaveText('Connected directly')
})

test('a reload keeps who I am, whom I know and what was said, and the chat goes on', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  await ada.chatWith(grace, 'Before')
  const id = await ada.peerId()

  await ada.page.reload()
  expect(await ada.peerId()).toBe(id)
  await expect(ada.row('Grace Hopper')).toContainText('online')
  await expect(ada.said('Before, says Ada')).toContainText('Delivered')
  await expect(ada.said('Before, answers Grace')).toBeVisible()

  await ada.chatWith(grace, 'After')
  await grace.page.reload()
  await grace.chatWith(ada, 'And after that')
})

test('what is written while the other is away arrives when both are there', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  await ada.chatWith(grace, 'Hello')

  const graceAt = grace.page.url()
  await grace.page.goto('about:blank')
  // A dial has to remain unanswered first.
  await expect(ada.link).toContainText('Grace Hopper is away', { timeout: 30_000 })
  await expect(ada.row('Grace Hopper')).toContainText('away')
  await ada.say('Read this when you are back')
  await expect(ada.said('Read this when you are back')).toContainText('Waiting')

  await grace.page.goto(graceAt)
  await ada.expectDelivered('Read this when you are back')
  // Grace looks at her list: the message is counted, and read once she opens it.
  await expect(grace.row('Ada Lovelace')).toContainText('1 new')
  await expect(grace.page).toHaveTitle('(1) Kith')
  await grace.talkWith('Ada Lovelace')
  await expect(grace.said('Read this when you are back')).toHaveCount(1)
  await expect(grace.page).toHaveTitle('Kith')
})

test('two people in two tabs of one browser find each other while the relay is away', async ({ relay, site, newBrowser }) => {
  const browser = await newBrowser()
  const page = `${site.page}?relay=${encodeURIComponent(relay.url)}`
  const ada = await Person.open(browser, page, 'Ada Lovelace')
  const grace = await meet(ada, browser, 'Grace Hopper', 'grace')
  await ada.chatWith(grace, 'With a relay')

  await relay.stop()
  await Promise.all([ada.page.reload(), grace.page.reload()])
  await expect(ada.status).toContainText('Only this browser')
  await expect(ada.row('Grace Hopper')).toContainText('online')
  await expect(grace.row('Ada Lovelace')).toContainText('online')
  await ada.chatWith(grace, 'Without a relay')
  await expect(ada.link).toHaveText('Connected within this browser')
})

test('the chat goes on when the relay stops, and I can be reached again when it is back', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  await ada.chatWith(grace, 'With a relay')

  await relay.stop()
  const words = 'The relay is not reachable; people you are connected with stay connected'
  await expect(ada.status).toHaveText(words)
  await expect(grace.status).toHaveText(words)
  await ada.chatWith(grace, 'Without a relay')
  await expect(ada.link).toHaveText('Connected directly')

  await relay.start()
  await ada.expectReachable()
  await grace.expectReachable()
  await grace.chatWith(ada, 'With a relay again')
})

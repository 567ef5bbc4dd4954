/** Invitations that cannot be accepted: to each reason its own sentence, that says what to do. */
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'
import { RelayProcess } from './relay.ts'

/** Someone who opens this link and accepts; what they are told. */
async function refusalOf(person: Person) {
  await person.accept()
  const alert = person.page.getByRole('alert')
  await expect(alert).toBeVisible()
  return alert
}

test('a damaged link', async ({ relay, newBrowser }) => {
  const person = await Person.open(await newBrowser(), `${relay.page}#kith-invite=bm90IGFuIGludml0YXRpb24`, 'Grace Hopper')
  await expect(await refusalOf(person)).toContainText('This is not an invitation')
  await expect(person.page.getByRole('button', { name: 'Try again' })).toBeHidden()
  await person.page.getByRole('button', { name: 'Go to my people' }).click()
  await expect(person.page.getByText('It is quiet here')).toBeVisible()
  expect(new URL(person.page.url()).hash).toBe('')
})

test('a link that another person has used', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const link = await ada.invite()
  const grace = await Person.open(await newBrowser(), link, 'Grace Hopper')
  await grace.accept()
  await expect(ada.page.getByRole('heading', { name: 'Grace Hopper is here' })).toBeVisible()

  const third = await Person.open(await newBrowser(), link, 'Charles Babbage')
  await expect(await refusalOf(third)).toContainText('This invitation was used or revoked')
  await ada.page.keyboard.press('Escape')
  await expect(ada.row('Grace Hopper')).toBeVisible()
  await expect(ada.row('Charles Babbage')).toHaveCount(0)
})

test('a link whose time is over', async ({ relay, site, newBrowser }) => {
  const inviter = await (await newBrowser()).newPage()
  await inviter.goto(site.scriptTagPage)
  const link = await inviter.evaluate(
    async ({ page, url }) => {
      const peer = await Kith.createPeer({ storage: 'memory', relays: [url], page })
      return (await peer.invite({ expiresInMs: 1 })).link
    },
    { page: relay.page, url: relay.url },
  )
  const person = await Person.open(await newBrowser(), link, 'Grace Hopper')
  await expect(await refusalOf(person)).toContainText('This invitation has expired')
})

test('an inviter who is away, and comes back', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  await ada.expectReachable()
  const link = await ada.invite()
  await ada.page.goto('about:blank')

  const grace = await Person.open(await newBrowser(), link, 'Grace Hopper')
  await expect(await refusalOf(grace)).toContainText('The person who invited you is away')
  await ada.page.goto(relay.page)
  await ada.expectReachable()
  await grace.page.getByRole('button', { name: 'Try again' }).click()
  await expect(grace.page.getByRole('heading', { name: 'Ada Lovelace', exact: true })).toBeVisible()
  await expect(ada.row('Grace Hopper')).toContainText('online')
})

test('a link whose relay is away, while one’s own is there', async ({ relay, site, newBrowser }) => {
  const away = new RelayProcess()
  await away.start()
  const inviter = await (await newBrowser()).newPage()
  await inviter.goto(site.scriptTagPage)
  const link = await inviter.evaluate(
    async ({ page, url }) => {
      const peer = await Kith.createPeer({ storage: 'memory', relays: [url], page })
      return (await peer.invite()).link
    },
    { page: relay.page, url: away.url },
  )
  await away.stop()
  const grace = await Person.open(await newBrowser(), link, 'Grace Hopper')
  await expect(await refusalOf(grace)).toContainText('The relay of this invitation is not reachable')
  await expect(grace.page.getByText('Check your internet connection')).toBeHidden()
})

test('a link that its author took back', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const link = await ada.invite()
  await ada.page.getByRole('button', { name: 'Revoke' }).click()
  await expect(ada.page.getByText('This invitation is revoked')).toBeVisible()

  const grace = await Person.open(await newBrowser(), link, 'Grace Hopper')
  await expect(await refusalOf(grace)).toBeVisible()
  await ada.page.keyboard.press('Escape')
  await expect(ada.page.getByText('No people yet')).toBeVisible()
})

test('a link tried alone: opened in the same browser as another person', async ({ relay, newBrowser }) => {
  const browser = await newBrowser()
  const ada = await Person.open(browser, relay.page, 'Ada Lovelace')
  const tab = await browser.newPage()
  await tab.goto(await ada.invite())
  await expect(tab.getByText('You will appear as Ada Lovelace.')).toBeVisible()
  const [other] = await Promise.all([
    browser.waitForEvent('page'),
    tab.getByRole('link', { name: 'Open as another person' }).click(),
  ])
  await other.getByLabel('Your name').fill('Grace Hopper')
  await other.getByRole('button', { name: 'Continue' }).click()
  await other.getByRole('button', { name: 'Accept', exact: true }).click()
  await expect(other.getByRole('heading', { name: 'Ada Lovelace', exact: true })).toBeVisible()
  await expect(ada.page.getByRole('heading', { name: 'Grace Hopper is here' })).toBeVisible()
})

test('someone who was blocked cannot reach me', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  await ada.chatWith(grace, 'Hello')
  await ada.page.getByRole('button', { name: 'About Grace Hopper' }).click()
  await ada.page.getByRole('radio', { name: 'Blocked' }).check()
  await ada.page.keyboard.press('Escape')
  await expect(ada.link).toHaveText('Blocked')

  await expect(grace.link).not.toHaveText('Connected directly')
  await grace.say('Are you there?')
  await expect(grace.said('Are you there?')).toContainText('Waiting')
  await expect(ada.said('Are you there?')).toHaveCount(0)
})

test('someone who is only known: reaching them hidden needs a TURN server, and the page says so', async ({
  relay,
  newBrowser,
}) => {
  const ada = await Person.open(await newBrowser(), relay.page, 'Ada Lovelace')
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  await ada.chatWith(grace, 'Hello')
  await ada.page.getByRole('button', { name: 'About Grace Hopper' }).click()
  await ada.page.getByRole('radio', { name: 'Known' }).check()
  await ada.page.keyboard.press('Escape')
  await expect(ada.row('Grace Hopper')).toContainText('known')

  // The connection that is there stays as it is; the next one is made by the new rule.
  await grace.page.close()
  await ada.page.reload()
  await ada.say('Are you there?')
  await expect(ada.page.getByText('needs a TURN server')).toBeVisible()
  await expect(ada.said('Are you there?')).toContainText('Waiting')
})

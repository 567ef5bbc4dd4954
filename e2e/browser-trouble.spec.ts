/** Browsers that refuse something, and one person with two tabs. */
import { chromium as launcher } from '@playwright/test'
import { chromium } from '../scripts/browsers.mjs'
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'

test('two tabs of one profile that open in the same instant are one person', async ({ relay, newBrowser }) => {
  const browser = await newBrowser()
  // Both have asked for the name before either starts: a page that loads later finds an identity, and asks for none.
  const [one, two] = await Promise.all([
    Person.arrive(browser, relay.page, 'Ada Lovelace'),
    Person.arrive(browser, relay.page, 'Ada Lovelace'),
  ])
  await Promise.all([one.start(), two.start()])
  const id = await one.peerId()
  expect(await two.peerId()).toBe(id)
  await one.page.reload()
  expect(await one.peerId()).toBe(id)
})

test('plain http on another host: a sentence that says what to do', async ({ relay }) => {
  const options = chromium()
  const browser = await launcher.launch({ ...options, args: [...options.args, '--host-resolver-rules=MAP kith.test 127.0.0.1'] })
  try {
    const page = await browser.newPage()
    await page.goto(`http://kith.test:${relay.port}/`)
    const alert = page.getByRole('alert')
    await expect(alert).toContainText('Kith cannot run on this page')
    await expect(alert).toContainText('https://')
  } finally {
    await browser.close()
  }
})

test('without IndexedDB the page works for the session and says so', async ({ relay, newBrowser }) => {
  const blocked = await newBrowser()
  await blocked.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('The user denied permission to access the database.', 'SecurityError')
    }
  })
  const ada = await Person.open(blocked, relay.page, 'Ada Lovelace')
  await expect(ada.page.getByText('Your identity lasts for this session only')).toBeVisible()
  const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
  await ada.chatWith(grace, 'For this session')
})

test('where IndexedDB fails later than it opens, likewise', async ({ relay, newBrowser }) => {
  const failing = await newBrowser()
  await failing.addInitScript(() => {
    const open = IDBFactory.prototype.open
    IDBFactory.prototype.open = function (this: IDBFactory, ...parameters) {
      const request = open.apply(this, parameters)
      // As when the disk is full: the request fails some time after it was made.
      queueMicrotask(() => {
        const error = new DOMException('No space left.', 'QuotaExceededError')
        Object.defineProperty(request, 'error', { value: error })
        for (const type of ['upgradeneeded', 'success']) {
          request.addEventListener(
            type,
            (event) => {
              event.stopImmediatePropagation()
              request.dispatchEvent(new Event('error'))
            },
            { capture: true },
          )
        }
      })
      return request
    }
  })
  const ada = await Person.open(failing, relay.page, 'Ada Lovelace')
  await expect(ada.page.getByText('Your identity lasts for this session only')).toBeVisible()
})

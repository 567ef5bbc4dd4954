/** Someone at a browser: does and sees what a person would, by the words on the page. */
import { type BrowserContext, expect, type Locator, type Page } from '@playwright/test'

export class Person {
  readonly page: Page
  readonly name: string

  private constructor(page: Page, name: string) {
    this.page = page
    this.name = name
  }

  /** Opens the page for the first time and says who they are. Lands where the link leads. */
  static async open(context: BrowserContext, url: string, name: string): Promise<Person> {
    const person = await Person.arrive(context, url, name)
    await person.start()
    return person
  }

  /** As `open`, up to the name, which is typed in and not sent. */
  static async arrive(context: BrowserContext, url: string, name: string): Promise<Person> {
    const page = await context.newPage()
    watch(page)
    await page.goto(url)
    await page.getByLabel('Your name').fill(name)
    return new Person(page, name)
  }

  async start(): Promise<void> {
    await this.page.getByRole('button', { name: /^(Start|Continue)$/ }).click()
  }

  /** A page more in a browser where they have said who they are. */
  static async again(context: BrowserContext, url: string, name: string): Promise<Person> {
    const page = await context.newPage()
    watch(page)
    await page.goto(url)
    await expect(page.getByRole('complementary')).toBeVisible()
    return new Person(page, name)
  }

  get status(): Locator {
    return this.page.getByRole('complementary').getByRole('status').first()
  }

  /** What stands under the name of the one whom they are talking with. */
  get link(): Locator {
    return this.page.getByRole('main').getByRole('status').first()
  }

  /** The row of someone in the list of people. */
  row(name: string): Locator {
    return this.page.getByRole('navigation', { name: 'People' }).getByRole('button', { name })
  }

  said(text: string): Locator {
    return this.page.getByRole('log').getByRole('article').filter({ hasText: text })
  }

  /** Calls between the messages. */
  get lines(): Locator {
    return this.page.getByRole('log').locator('.call-line')
  }

  async expectReachable(): Promise<void> {
    await expect(this.status).toHaveText('You can be reached')
  }

  async peerId(): Promise<string> {
    await this.page.getByRole('button', { name: /^You,/ }).click()
    const id = await this.page.getByRole('textbox', { name: 'Your PeerId' }).inputValue()
    await this.page.keyboard.press('Escape')
    expect(id).toMatch(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/)
    return id
  }

  /** Leaves the dialog open, as people do while they wait. */
  async invite(): Promise<string> {
    await this.page.getByRole('button', { name: 'Invite', exact: true }).click()
    const link = this.page.getByRole('textbox', { name: 'Invitation link' })
    await expect(link).toHaveValue(/#kith-invite=/)
    return link.inputValue()
  }

  async accept(): Promise<void> {
    await this.page.getByRole('button', { name: 'Accept', exact: true }).click()
  }

  async talkWith(name: string): Promise<void> {
    await this.row(name).click()
    await expect(this.page.getByRole('heading', { name, exact: true })).toBeVisible()
  }

  /** Opens what I keep about someone whom I am talking with. */
  async about(name: string): Promise<Locator> {
    await this.page.getByRole('button', { name: `About ${name}` }).click()
    const dialog = this.page.getByRole('dialog')
    await expect(dialog.getByRole('heading', { name: `About ${name}` })).toBeVisible()
    return dialog
  }

  /** As it is read out to someone whom I am talking with, without the gaps. */
  async safetyNumber(name: string): Promise<string> {
    const groups = (await this.about(name)).getByRole('list', { name: 'Safety number' }).getByRole('listitem')
    await expect(groups).toHaveCount(12)
    const digits = (await groups.allInnerTexts()).join('')
    await this.page.keyboard.press('Escape')
    return digits
  }

  async say(text: string): Promise<void> {
    const field = this.page.getByRole('textbox', { name: /^Message / })
    await field.fill(text)
    await field.press('Enter')
    await expect(this.said(text)).toBeVisible()
  }

  /** Said by me, and arrived. */
  async expectDelivered(text: string): Promise<void> {
    await expect(this.said(text)).toContainText('Delivered')
  }

  async expectHeard(from: Person, text: string): Promise<void> {
    await expect(this.said(text)).toContainText(`${from.name}: `)
  }

  /** Each says something and hears the other. */
  async chatWith(other: Person, topic: string): Promise<void> {
    await this.say(`${topic}, says ${this.name}`)
    await other.expectHeard(this, `${topic}, says ${this.name}`)
    await this.expectDelivered(`${topic}, says ${this.name}`)
    await other.say(`${topic}, answers ${other.name}`)
    await this.expectHeard(other, `${topic}, answers ${other.name}`)
    await other.expectDelivered(`${topic}, answers ${other.name}`)
  }
}

/** The link as this person of the browser opens it. */
export function asProfile(url: string, profile: string): string {
  const page = new URL(url)
  page.searchParams.set('profile', profile)
  return page.href
}

/** From the invitation to the open chat on both sides. */
export async function meet(inviter: Person, guestContext: BrowserContext, name: string, profile?: string): Promise<Person> {
  const link = await inviter.invite()
  const guest = await Person.open(guestContext, profile ? asProfile(link, profile) : link, name)
  await guest.accept()
  await expect(guest.page.getByRole('heading', { name: inviter.name, exact: true })).toBeVisible()
  await inviter.page.getByRole('button', { name: `Write to ${name}` }).click()
  return guest
}

/** What Firefox says by itself of a WebSocket to a relay that is away: over WebDriver BiDi it looks like an exception. */
const UNCONNECTED = /^(Firefox can’t establish a connection to the server at|The connection to) wss?:/

function watch(page: Page): void {
  // An uncaught exception fails the test with its own message.
  page.on('pageerror', (error) => {
    if (!UNCONNECTED.test(error.message)) throw error
  })
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) throw new Error(message.text())
  })
}

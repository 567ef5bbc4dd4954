/** Someone who writes documents, by the words on the page. */
import { readFile } from 'node:fs/promises'
import { expect, type Locator } from '@playwright/test'
import type { Person } from './person.ts'

export class Writing {
  readonly person: Person

  constructor(person: Person) {
    this.person = person
  }

  get page() {
    return this.person.page
  }

  get list(): Locator {
    return this.page.getByRole('navigation', { name: 'Documents' })
  }

  get editor(): Locator {
    return this.page.getByRole('textbox', { name: /^Text of / })
  }

  get title(): Locator {
    return this.page.getByRole('textbox', { name: 'Title', exact: true })
  }

  /** How it is saved, and who has it. */
  get standing(): Locator {
    return this.page.locator('.document-standing')
  }

  row(title: string): Locator {
    return this.list.getByRole('button', { name: title })
  }

  /** The cursors of others, with the names that they carry. */
  get cursors(): Locator {
    return this.page.locator('.cm-other-caret')
  }

  /** Those who have it open. */
  here(name: string): Locator {
    return this.page.getByRole('main').getByRole('listitem').filter({ hasText: `${name} is here` })
  }

  async create(title: string): Promise<void> {
    await this.list.getByRole('button', { name: 'New document' }).click()
    await this.title.fill(title)
  }

  async open(title: string): Promise<void> {
    await this.row(title).click()
    await expect(this.editor).toBeVisible()
  }

  async shareWith(name: string): Promise<void> {
    await this.page.getByRole('main').getByRole('button', { name: 'Share', exact: true }).click()
    await this.page.getByRole('button', { name: `Share with ${name}` }).click()
    await expect(this.page.getByRole('dialog').getByText('Shared', { exact: true })).toBeVisible()
    await this.page.keyboard.press('Escape')
  }

  /** At the end of what is there. */
  async write(words: string): Promise<void> {
    await this.editor.focus()
    await this.page.keyboard.press('Control+End')
    await this.page.keyboard.insertText(words)
  }

  async expectSaved(): Promise<void> {
    await expect(this.standing).toContainText('Saved in this browser')
  }

  /** Everything is with the other too, written down. */
  async expectMerged(name: string): Promise<void> {
    await expect(this.standing).toHaveText(`Saved in this browser, and with ${name}`)
  }

  async expectAway(name: string): Promise<void> {
    // A dial has to remain unanswered first.
    await expect(this.standing).toHaveText(`Saved in this browser; will be merged when ${name} is back`, { timeout: 40_000 })
  }

  /** All of the text, as it is downloaded: the editor shows only what is in view. */
  async text(): Promise<string> {
    await this.page.getByRole('button', { name: 'About this document' }).click()
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('button', { name: 'Download text' }).click(),
    ])
    await this.page.keyboard.press('Escape')
    return await readFile(await download.path(), 'utf8')
  }
}

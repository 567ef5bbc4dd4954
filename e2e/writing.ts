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
    return this.page
      .getByRole('main')
      .getByRole('listitem')
      .filter({ hasText: `${name} is here` })
  }

  async create(title: string): Promise<void> {
    await this.list.getByRole('button', { name: 'New document' }).click()
    await this.title.fill(title)
  }

  async open(title: string): Promise<void> {
    await this.row(title).click()
    await expect(this.page.getByRole('textbox', { name: `Text of ${title}` })).toBeVisible()
  }

  async shareWith(name: string): Promise<void> {
    await this.page.getByRole('main').getByRole('button', { name: 'Share', exact: true }).click()
    await this.page.getByRole('button', { name: `Share with ${name}` }).click()
    const row = this.page.getByRole('dialog').getByRole('listitem').filter({ hasText: name })
    await expect(row.getByText('Shared', { exact: true })).toBeFocused()
    await this.page.keyboard.press('Escape')
  }

  /** At the end of what is there. */
  async write(words: string): Promise<void> {
    await this.editor.focus()
    await this.page.keyboard.press('Control+End')
    await this.page.keyboard.insertText(words)
  }

  async paste(words: string): Promise<void> {
    await this.editor.evaluate((editor, pasted) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', pasted)
      editor.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }, words)
  }

  async expectSaved(): Promise<void> {
    await expect(this.standing).toContainText('Saved in this browser')
  }

  /** Everything is with the other too, written down. */
  async expectMerged(name: string): Promise<void> {
    // Two pages that lost the relay try it again by and by, and a dial may first have to remain unanswered.
    await expect(this.standing).toHaveText(`Saved in this browser, and with ${name}`, { timeout: 60_000 })
  }

  async expectAway(name: string): Promise<void> {
    // A dial has to remain unanswered first.
    await expect(this.standing).toHaveText(`Saved in this browser; will be merged when ${name} is back`, { timeout: 40_000 })
  }

  async expectOffline(): Promise<void> {
    await expect(this.standing).toHaveText('You are offline. Saved in this browser; will be merged when you are back')
  }

  /** Someone else's cursor is in the first line of the text, or in the last. */
  async expectCursorIn(line: 'first' | 'last'): Promise<void> {
    await expect(this.editor.locator('.cm-line')[line]().locator('.cm-other-caret')).toHaveCount(1)
  }

  /** As someone would who does not know what they want: clicks, arrows, words, line breaks, deletions, and now and then undo. */
  async editAtRandom(random: () => number, edits: number): Promise<void> {
    const { keyboard, mouse } = this.page
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
    await this.editor.focus()
    for (let edit = 0; edit < edits; edit++) {
      if (random() < 0.15) {
        const box = await this.editor.boundingBox()
        if (box) await mouse.click(box.x + 30 + random() * (box.width - 60), Math.min(box.y + 40 + random() * 400, 650))
      } else {
        await keyboard.press(pick(MOVES))
      }
      const what = random()
      if (what < 0.6) await keyboard.insertText(pick(WORDS))
      else if (what < 0.7) await keyboard.press('Enter')
      else if (what < 0.95) await keyboard.press(pick(['Backspace', 'Delete', 'Control+Backspace']))
      else await keyboard.press('Control+z')
    }
  }

  /** All of the text, as it is downloaded: the editor shows only what is in view. */
  async text(title = ''): Promise<string> {
    // Of two documents, the one that is being left may still be on the screen.
    await expect(this.page.getByRole('textbox', { name: `Text of ${title}` })).toBeVisible()
    await this.page.getByRole('button', { name: 'About this document' }).click()
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('button', { name: 'Download text' }).click(),
    ])
    await this.page.keyboard.press('Escape')
    return await readFile(await download.path(), 'utf8')
  }
}

const MOVES = ['ArrowLeft', 'ArrowUp', 'ArrowDown', 'PageUp', 'Home', 'End', 'Control+ArrowLeft', 'Shift+ArrowRight'] as const
const WORDS = [
  'engine ',
  'über',
  '数学',
  '👩‍💻',
  '# ',
  '**bold** ',
  ' a',
  'e\u0301',
  '- [ ] ',
  'a longer piece of text at once, ',
] as const

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Pictures of the page for README.md, taken where two people really talk, write and see each other: `npm run screenshots` keeps them. */
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium as launcher, type TestInfo } from '@playwright/test'
import { chromium } from '../scripts/browsers.mjs'
import { Calling } from './calling.ts'
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'
import { film, type Sitter } from './pretended-camera.ts'
import { Writing } from './writing.ts'

const FOLDER = fileURLToPath(new URL('../test-results/screenshots', import.meta.url))
const WIDE = { width: 1440, height: 810 }
/** A call's picture has no bars beside it then. */
const TALL = { width: 1440, height: 938 }
const NARROW = { width: 390, height: 780 }

/** A browser whose camera shows this person. */
async function browserOf(sitter: Sitter, artist: Browser, info: TestInfo): Promise<Browser> {
  const path = info.outputPath(`${sitter.initial}.mjpeg`)
  await film(artist, path, sitter)
  const options = chromium()
  return launcher.launch({ ...options, args: [...options.args, `--use-file-for-fake-video-capture=${path}`] })
}

/** Nothing moves, nothing blinks. */
async function take({ page }: Person, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: `${FOLDER}/${name}.png`, animations: 'disabled', caret: 'hide' })
}

test('what two people see: an invitation, a chat, a document, a call', async ({ relay, browser }, info) => {
  const browsers = await Promise.all([
    browserOf({ initial: 'A', hue: 200 }, browser, info),
    browserOf({ initial: 'G', hue: 340 }, browser, info),
  ])
  try {
    const open = (index: 0 | 1, options: BrowserContextOptions) => browsers[index].newContext({ locale: 'en-GB', ...options })
    const person = await Person.open(await open(0, { viewport: WIDE, colorScheme: 'light' }), relay.page, 'Ada')
    const guest = await meet(person, await open(1, { viewport: WIDE, colorScheme: 'dark' }), 'Grace')
    for (const [speaker, text] of [
      [person, 'Hello Grace! Did the compiler run?'],
      [guest, 'It did. I found the moth, too.'],
      [person, 'A real one? Put it into the log book.'],
      [guest, 'It is taped in already.'],
      [person, 'And the Bernoulli numbers?'],
      [guest, 'All of them right, up to the eighth.'],
      [guest, 'Shall we write the notes together?'],
    ] as const) {
      await speaker.say(text)
      await speaker.expectDelivered(text)
    }

    await person.expectReachable()
    await person.invite()
    await expect(person.page.getByRole('img', { name: 'The invitation link as a QR code' })).toBeVisible()
    await take(person, 'invitation')
    await person.page.keyboard.press('Escape')

    const [ada, grace] = [new Writing(person), new Writing(guest)]
    await ada.create('Engine notes')
    await ada.write(NOTES)
    await ada.shareWith('Grace')
    await ada.expectMerged('Grace')
    await grace.open('Engine notes')
    await expect(grace.editor).toContainText('eighth')
    await grace.write('\n- [ ] A drawing of the moth, for the log book')
    await expect(ada.editor).toContainText('moth')
    await ada.editor.focus()
    await ada.page.keyboard.press('Control+Home')
    await ada.page.keyboard.press('End')
    await grace.expectCursorIn('first')
    await ada.expectCursorIn('last')
    await ada.expectMerged('Grace')
    await take(person, 'document')

    await guest.talkWith('Ada')
    await person.talkWith('Grace')
    await take(guest, 'chat-dark')
    await guest.page.setViewportSize(NARROW)
    await guest.page.emulateMedia({ colorScheme: 'light' })
    await take(guest, 'chat-narrow')
    await guest.page.setViewportSize(WIDE)

    await person.page.setViewportSize(TALL)
    const [caller, callee] = [new Calling(person), new Calling(guest)]
    await caller.call('Grace')
    await callee.accept('Ada')
    await Promise.all([caller.expectPicture(), callee.expectPicture()])
    await expect(caller.screen('Grace')).toContainText(/Connected directly, (excellent|good)/)
    await take(person, 'call')
  } finally {
    await Promise.all(browsers.map((one) => one.close()))
  }
})

const NOTES = `# Note G

The engine weaves **algebraical patterns** just as the loom weaves
flowers and leaves.

## What it has done

1. The Bernoulli numbers, by twenty-five operations
2. The same again, with one card moved, and *the same numbers*

> It can do whatever we know how to order it to perform.

## What is next

- [x] The numbers up to the eighth
- [ ] A table for the appendix`

/** README.md's programs, as they stand there: built, opened by two people, and doing what the README says. */
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page, TestInfo } from '@playwright/test'
import { build } from 'vite'
import { isProgram, readmeBlocks, SDK_README } from '../scripts/readme-blocks.mjs'
import { expect, test } from './fixtures.ts'
import { GLOBAL_BUILD, RelayProcess } from './relay.ts'

const README = fileURLToPath(new URL('../README.md', import.meta.url))
const SDK = fileURLToPath(new URL('../packages/sdk/dist/index.js', import.meta.url))

type NewBrowser = () => Promise<BrowserContext>

function codeUnder(heading: string): string {
  const block = readmeBlocks().find((candidate) => candidate.heading === heading)
  if (block === undefined) throw new Error(`README.md has no code under '${heading}'.`)
  return block.code
}

/** A page of this program, built as a newcomer's bundler would, in a folder of this test's own. */
async function buildPage(heading: string, body: string, info: TestInfo): Promise<string> {
  const source = info.outputPath('page')
  const built = info.outputPath('built')
  await mkdir(source, { recursive: true })
  await writeFile(`${source}/main.ts`, codeUnder(heading))
  await writeFile(
    `${source}/index.html`,
    `<!doctype html><title>${heading}</title>${body}<script type="module" src="main.ts"></script>`,
  )
  await build({
    configFile: false,
    root: source,
    logLevel: 'warn',
    resolve: { alias: { '@kith/sdk': SDK } },
    build: { outDir: built, emptyOutDir: true, target: 'es2022', minify: false },
  })
  return built
}

/** What the page prints that has `part` in it. */
async function printed(page: Page, part: string): Promise<string> {
  const message = await page.waitForEvent('console', {
    predicate: (candidate) => candidate.text().includes(part),
    timeout: 60_000,
  })
  return message.text()
}

/** The host's page, and the link that it printed. */
async function host(url: string, newBrowser: NewBrowser): Promise<{ page: Page; link: string }> {
  const page = await (await newBrowser()).newPage()
  const link = printed(page, '#kith-invite=')
  await page.goto(url)
  return { page, link: await link }
}

/** By a relay of its own, at its own origin. */
async function serve(folder: string, use: (url: string) => Promise<void>): Promise<void> {
  const relay = new RelayProcess(folder)
  await relay.start()
  try {
    await use(relay.page)
  } finally {
    await relay.stop()
  }
}

interface Program {
  readonly heading: string
  readonly body?: string
  readonly newBrowser: NewBrowser
  readonly info: TestInfo
}

/** What two people do at a program once the guest has come, by `arrive`. `round` counts from 0. */
type Use = (here: Page, there: Page, arrive: () => Promise<unknown>, round: number) => Promise<void>

/**
 * Two people at the program under this heading, the second by the link that the first one's page printed: when they come, after the guest
 * has reloaded the page, whose address is still the link, and after both have.
 */
async function two({ heading, body = '', newBrowser, info }: Program, use: Use) {
  await serve(await buildPage(heading, body, info), async (url) => {
    const { page, link } = await host(url, newBrowser)
    // Not used yet, it is the same one after a reload.
    expect(await reloadHost(page)).toBe(link)
    const guest = await (await newBrowser()).newPage()
    await test.step('the guest comes', () => use(page, guest, () => guest.goto(link), 0))
    await test.step('the guest reloads', () => use(page, guest, () => guest.reload(), 1))
    // It is used now: another is printed.
    expect(await reloadHost(page)).not.toBe(link)
    await test.step('both have reloaded', () => use(page, guest, () => guest.reload(), 2))
  })
}

/** The link that the host's page prints when it starts again. */
async function reloadHost(page: Page): Promise<string> {
  const link = printed(page, '#kith-invite=')
  await page.reload()
  return await link
}

test('no program is left out', () => {
  expect(
    readmeBlocks()
      .filter(isProgram)
      .map(({ heading }) => heading),
  ).toEqual(['Chat', 'Call', 'Document'])
})

test("the package's own README has the chat that is run here, and no other program", () => {
  expect(
    readmeBlocks(SDK_README)
      .filter(isProgram)
      .map(({ code }) => code),
  ).toEqual([codeUnder('Chat')])
})

test('README, chat: the line arrives, also after reloads', async ({ newBrowser }, info) => {
  await two({ heading: 'Chat', newBrowser, info }, async (here, _, arrive) => {
    const line = printed(here, 'hello')
    await arrive()
    expect(await line).toMatch(/^12D3KooW\w{44} hello$/)
  })
})

test('README, call: both see each other move, also after reloads', async ({ newBrowser }, info) => {
  const body = '<video autoplay playsinline></video>'
  await two({ heading: 'Call', body, newBrowser, info }, async (here, there, arrive) => {
    // What is left of the last round is not taken for a picture of this one.
    const before = await streamShown(here)
    await arrive()
    await expect.poll(() => streamShown(here)).not.toBe(before)
    for (const page of [here, there]) {
      const frames = () =>
        page.locator('video').evaluate((video: HTMLVideoElement) => video.getVideoPlaybackQuality().totalVideoFrames)
      await expect.poll(frames).toBeGreaterThan(0)
      const seen = await frames()
      await expect.poll(frames).toBeGreaterThan(seen + 5)
    }
  })
})

/** Names what a page shows now. */
function streamShown(page: Page): Promise<string | undefined> {
  return page.locator('video').evaluate((video: HTMLVideoElement) => (video.srcObject as MediaStream | null)?.id)
}

test('README, document: what both type, also at once and after reloads, is the same in both', async ({ newBrowser }, info) => {
  let typed = ''
  await two({ heading: 'Document', newBrowser, info }, async (here, there, arrive, round) => {
    const [mine, theirs] = [here.getByRole('textbox'), there.getByRole('textbox')]
    const words = [`Ada began ${round}. `, `Ada went on ${round}. `, `Grace joined ${round}. `] as const
    await arrive()
    // The text lives as long as one of the pages: what was typed before is there, unless both have reloaded.
    if (round === 2) typed = ''
    await expect(async () => expect(lettersOf(await theirs.innerText())).toBe(lettersOf(typed))).toPass()
    await mine.press('Control+End')
    await mine.pressSequentially(words[0])
    await expect(theirs).toContainText(words[0].trim())
    await theirs.press('Control+End')
    await Promise.all([mine.pressSequentially(words[1]), theirs.pressSequentially(words[2])])
    typed += words.join('')
    // Nothing is lost or doubled: every letter that was typed, however the two were woven together.
    await expect(async () => {
      const text = await mine.innerText()
      expect(lettersOf(text)).toBe(lettersOf(typed))
      expect(await theirs.innerText()).toBe(text)
    }).toPass()
  })
})

/** Every letter, in an order that does not depend on how two people's words were woven together. */
function lettersOf(text: string): string {
  return [...text.replaceAll(/\s/g, '')].sort().join('')
}

test('README, without a bundler: the page echoes, also after reloads', async ({ newBrowser }, info) => {
  const folder = info.outputPath('page')
  await mkdir(folder, { recursive: true })
  // Where README.md says: a folder that the relay serves. What is put there later is served too.
  expect(readFileSync(README, 'utf8')).toContain('`node signaling-relay/dist/cli.js --static DIR` serves both')
  await serve(folder, async (url) => {
    await writeFile(`${folder}/index.html`, codeUnder('Without a bundler'))
    await copyFile(GLOBAL_BUILD, `${folder}/kith.global.js`)
    const { page: here, link } = await host(url, newBrowser)
    expect(await reloadHost(here)).toBe(link)
    const { page: there } = await host(url, newBrowser)
    /** Beside the peer of the guest's own page. */
    const echo = () =>
      there.evaluate(async (invitation) => {
        const peer = await Kith.createPeer({ profile: 'guest' })
        const stream = await peer.open(await peer.accept(invitation), '/echo/v1')
        const writer = stream.writable.getWriter()
        await writer.write(new TextEncoder().encode('hello'))
        await writer.close()
        return await new Response(stream.readable).text()
      }, link)
    expect(await echo()).toBe('hello')
    await reloadHost(there)
    expect(await echo()).toBe('hello')
    await reloadHost(here)
    await reloadHost(there)
    expect(await echo()).toBe('hello')
  })
})

/** README.md's programs, as they stand there: built, opened by two people, and doing what the README says. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page, TestInfo } from '@playwright/test'
import { build } from 'vite'
import { isProgram, readmeBlocks } from '../scripts/readme-blocks.mjs'
import { expect, test } from './fixtures.ts'
import { GLOBAL_BUILD, RelayProcess } from './relay.ts'

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
    timeout: 20_000,
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

/** Two people at the program under this heading, the second by the link that the first one's page printed. */
async function two({ heading, body = '', newBrowser, info }: Program, use: (here: Page, there: Page) => Promise<void>) {
  await serve(await buildPage(heading, body, info), async (url) => {
    const { page, link } = await host(url, newBrowser)
    const guest = await (await newBrowser()).newPage()
    await Promise.all([guest.goto(link), use(page, guest)])
  })
}

test('no program is left out', () => {
  expect(
    readmeBlocks()
      .filter(isProgram)
      .map(({ heading }) => heading),
  ).toEqual(['Chat', 'Call', 'Document'])
})

test('README, chat: the line arrives', async ({ newBrowser }, info) => {
  await two({ heading: 'Chat', newBrowser, info }, async (here) => {
    expect(await printed(here, 'hello')).toMatch(/^12D3KooW\w{44} hello$/)
  })
})

test('README, call: both see each other move', async ({ newBrowser }, info) => {
  await two({ heading: 'Call', body: '<video autoplay playsinline></video>', newBrowser, info }, async (here, there) => {
    for (const page of [here, there]) {
      const frames = () =>
        page.locator('video').evaluate((video: HTMLVideoElement) => video.getVideoPlaybackQuality().totalVideoFrames)
      await expect.poll(frames).toBeGreaterThan(0)
      const before = await frames()
      await expect.poll(frames).toBeGreaterThan(before + 5)
    }
  })
})

test('README, document: what both type, also at once, is the same in both', async ({ newBrowser }, info) => {
  await two({ heading: 'Document', newBrowser, info }, async (here, there) => {
    const [mine, theirs] = [here.getByRole('textbox'), there.getByRole('textbox')]
    await mine.pressSequentially('Ada began. ')
    await expect(theirs).toHaveText('Ada began. ')
    await Promise.all([mine.pressSequentially('Ada went on. '), theirs.pressSequentially('Grace joined. ')])
    for (const editor of [mine, theirs]) {
      for (const letters of ['Ada', 'Grace']) await expect(editor).toContainText(letters)
    }
    await expect(async () => expect(await theirs.innerText()).toBe(await mine.innerText())).toPass()
    // Nothing is lost or doubled: every letter that was typed, however the two were woven together.
    expect([...(await mine.innerText()).replaceAll(/\s/g, '')].sort().join('')).toBe(
      [...'Adabegan.Adawenton.Gracejoined.'].sort().join(''),
    )
  })
})

test('README, without a bundler: the page echoes', async ({ browser }, info) => {
  const folder = info.outputPath('page')
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}/index.html`, `<!doctype html><title>Script tag</title>${codeUnder('Without a bundler')}`)
  await copyFile(GLOBAL_BUILD, `${folder}/kith.global.js`)
  // A script within the page, as README.md has it: the relay forbids that to the pages that it serves.
  const newBrowser: NewBrowser = () => browser.newContext({ bypassCSP: true })
  await serve(folder, async (url) => {
    const { link } = await host(url, newBrowser)
    const { page: there } = await host(url, newBrowser)
    const heard = await there.evaluate(async (invitation) => {
      const peer = await Kith.createPeer({ storage: 'memory' })
      const stream = await peer.open(await peer.accept(invitation), '/echo/v1')
      const writer = stream.writable.getWriter()
      await writer.write(new TextEncoder().encode('hello'))
      await writer.close()
      return await new Response(stream.readable).text()
    }, link)
    expect(heard).toBe('hello')
  })
})

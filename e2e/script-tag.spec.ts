/** The script-tag build, as the README shows it. */
import { copyFile, mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { BrowserContext } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { GLOBAL_BUILD, RelayProcess } from './relay.ts'

const HELLO = join(dirname(GLOBAL_BUILD), '../examples/hello.html')

test('window.Kith: two peers meet and echo a stream', async ({ relay, site, newBrowser }) => {
  const here = await (await newBrowser()).newPage()
  const there = await (await newBrowser()).newPage()
  await Promise.all([here.goto(site.scriptTagPage), there.goto(site.scriptTagPage)])

  const link = await here.evaluate(async (url) => {
    const peer = await Kith.createPeer({ storage: 'memory', relays: [url] })
    await peer.identity.setName('Echo')
    peer.handle('/echo/v1', (stream) => stream.readable.pipeTo(stream.writable))
    return (await peer.invite()).link
  }, relay.url)
  const heard = await there.evaluate(
    async ({ link, url }) => {
      const peer = await Kith.createPeer({ storage: 'memory', relays: [url] })
      const contact = await peer.accept(link)
      const stream = await peer.open(contact, '/echo/v1')
      const writer = stream.writable.getWriter()
      await writer.write(new TextEncoder().encode('through a script tag'))
      await writer.close()
      return { name: contact.name, text: await new Response(stream.readable).text() }
    },
    { link, url: relay.url },
  )
  expect(heard).toEqual({ name: 'Echo', text: 'through a script tag' })
})

test('hello.html: a page of plain HTML, two windows, hello', async ({ relay, site, newBrowser }) => {
  await helloBothWays(`${site.page}hello.html?relay=${encodeURIComponent(relay.url)}`, newBrowser)
})

test('hello.html, as it is, where the README says to serve it: in a folder of the relay', async ({ newBrowser }, info) => {
  const folder = info.outputPath('page')
  await mkdir(folder, { recursive: true })
  const relay = new RelayProcess(folder)
  await relay.start()
  try {
    for (const file of [HELLO, GLOBAL_BUILD]) await copyFile(file, `${folder}/${basename(file)}`)
    await helloBothWays(`${relay.page}hello.html`, newBrowser)
  } finally {
    await relay.stop()
  }
})

/** One opens the page, the other the link that it shows; each says hello. */
async function helloBothWays(url: string, newBrowser: () => Promise<BrowserContext>): Promise<void> {
  const [here, there] = [await (await newBrowser()).newPage(), await (await newBrowser()).newPage()]
  const blocked: string[] = []
  for (const page of [here, there]) {
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) blocked.push(message.text())
    })
  }
  await here.goto(url)
  const link = await here.getByRole('link', { name: 'Open this link in another window' }).getAttribute('href')
  await there.goto(link ?? '')
  for (const [speaker, listener] of [
    [there, here],
    [here, there],
  ] as const) {
    const field = speaker.getByRole('textbox', { name: 'Say something' })
    await field.fill('hello')
    await field.press('Enter')
    await expect(speaker.getByRole('listitem').filter({ hasText: 'me: hello' })).toBeVisible()
    await expect(listener.getByRole('listitem').filter({ hasText: 'they: hello' })).toBeVisible()
  }
  expect(blocked).toEqual([])
}

// What the contenders need beside them, in this process: the page, a plain signalling server, and Kith's relay.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const FILES = {
  '/': [here('page/index.html'), 'text/html'],
  '/bytes.js': [here('page/bytes.js'), 'text/javascript'],
  '/raw.js': [here('page/raw.js'), 'text/javascript'],
  '/kith.js': [here('page/kith.js'), 'text/javascript'],
  '/sdk/kith.js': [here('dist/sdk/index.js'), 'text/javascript'],
}

/** An isolated page has a clock of 5 µs; others are given one of 100 µs, a third of what a round trip takes. */
const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

/** Builds SDK and relay from the sources as they are, into a folder of the bench's own. */
export async function build() {
  const { build } = await import('vite')
  for (const [mode, name] of [
    ['sdk', 'sdk'],
    ['relay', 'relay'],
  ]) {
    await build({
      configFile: here('../../vite.config.ts'),
      mode,
      logLevel: 'warn',
      build: { outDir: here(`dist/${name}`), emptyOutDir: true },
    })
  }
}

/**
 * @param {Map<string, string>} others files of other builds of the SDK, by the name of their contender
 * @returns {Promise<{ page: string, signalling: string, relay: string, close(): Promise<void> }>} their URLs
 */
export async function startServers(others) {
  const { createRelay } = await import(new URL('dist/relay/index.js', import.meta.url).href)
  // A dial's worth of envelopes many times a minute, from two sockets at one address: more than a relay gives to two people.
  const generous = { sendPerSecond: 1000, sendBurst: 1000, receivePerSecond: 1000, receiveBurst: 1000 }
  const relay = await createRelay({ port: 0, host: 'localhost', limits: generous })

  const files = { ...FILES }
  for (const [name, file] of others) files[`/sdk/${name}.js`] = [resolve(file), 'text/javascript']
  const pages = createServer(async ({ url }, response) => {
    const [path, type] = files[url] ?? []
    if (path === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': type, ...ISOLATION }).end(await readFile(path))
  })
  // The least that signalling can be: what one socket sends goes to the others.
  const signalling = new WebSocketServer({ server: pages, perMessageDeflate: false })
  signalling.on('connection', (socket) => {
    socket.on('message', (data) => {
      for (const other of signalling.clients) if (other !== socket) other.send(data, { binary: false })
    })
  })
  await new Promise((resolve) => pages.listen(0, 'localhost', resolve))
  const { port } = pages.address()

  return {
    page: `http://localhost:${port}/`,
    signalling: `ws://localhost:${port}/`,
    relay: relay.url,
    async close() {
      for (const socket of signalling.clients) socket.terminate()
      pages.closeAllConnections()
      pages.close()
      await relay.close()
    },
  }
}

// What the contenders need beside them, in this process: the page, a plain signalling server, and Kith's relay.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const FILES = {
  '/': ['page/index.html', 'text/html'],
  '/bytes.js': ['page/bytes.js', 'text/javascript'],
  '/raw.js': ['page/raw.js', 'text/javascript'],
  '/kith.js': ['page/kith.js', 'text/javascript'],
  '/sdk.js': ['dist/sdk/index.js', 'text/javascript'],
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

/** @returns {Promise<{ page: string, signalling: string, relay: string, close(): Promise<void> }>} their URLs */
export async function startServers() {
  const { createRelay } = await import(new URL('dist/relay/index.js', import.meta.url).href)
  // A dial's worth of envelopes many times a minute, from two sockets at one address: more than a relay gives to two people.
  const generous = { sendPerSecond: 1000, sendBurst: 1000, receivePerSecond: 1000, receiveBurst: 1000 }
  const relay = await createRelay({ port: 0, host: 'localhost', limits: generous })

  const pages = createServer(async ({ url }, response) => {
    const [path, type] = FILES[url] ?? []
    if (path === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': type, ...ISOLATION }).end(await readFile(here(path)))
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

// What the contenders need beside them, in this process: the pages, a plain signalling server, Kith's relay, PeerJS's server and
// a libp2p relay; and a way to each of the last four that holds back every message.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, join, resolve } from 'node:path'
import { WebSocketServer } from 'ws'
import { BUNDLED, here } from './build.mjs'
import { startDelay } from './network/tcp-delay.mjs'

/** An isolated page has a clock of 5 µs; others are given one of 100 µs, a third of what a round trip takes. */
const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

const PAGES = ['bytes.js', 'call.js', 'signalling.js', 'measures.js', 'soak.js']

/**
 * @param {{ contenders: string[], others: Map<string, string>, host: string }} options `others`: the index.js of other builds of the SDK by
 *   the name of their contender; `host`: where to listen
 * @returns their URLs; `through(delayMs)` gives those of the servers by a way on which each message, to or fro, takes as long as half
 *   of that: from one page to the other it is `delayMs`
 */
export async function startServers({ contenders, others, host }) {
  const stops = []
  const pages = await startPages(host, others)
  stops.push(pages.close)

  const urls = { signalling: pages.signalling }
  const relay = await startRelay(host)
  urls.relay = relay.url
  stops.push(() => relay.close())
  if (contenders.includes('peerjs')) {
    const { startPeerServer } = await import('./peer-servers.mjs')
    const server = await startPeerServer(host)
    urls.peerjs = server.url
    stops.push(server.close)
  }
  if (contenders.includes('libp2p')) {
    const { startLibp2pRelay } = await import('./peer-servers.mjs')
    const server = await startLibp2pRelay(host)
    urls.libp2p = server.url
    stops.push(server.close)
  }

  const ways = new Map([[0, urls]])
  return {
    page: pages.page,
    async through(delayMs) {
      if (!ways.has(delayMs)) {
        const delayed = {}
        for (const [name, url] of Object.entries(urls)) {
          const way = await startDelay(portOf(url), delayMs / 2)
          stops.push(way.close)
          delayed[name] = url.replace(portOf(url), way.port)
        }
        ways.set(delayMs, delayed)
      }
      return ways.get(delayMs)
    },
    async close() {
      for (const stop of stops.toReversed()) await stop()
    },
  }
}

/** 'ws://localhost:5/', '/ip4/127.0.0.1/tcp/5/ws/p2p/…' → '5' */
const portOf = (url) => /(?::|tcp\/)(\d+)/.exec(url)[1]

async function startPages(host, others) {
  const files = {
    '/': [here('page/index.html'), 'text/html'],
  }
  for (const name of PAGES) files[`/page/${name}`] = [here(`page/${name}`), 'text/javascript']
  for (const name of ['raw', 'kith']) files[`/contenders/${name}.js`] = [here(`contenders/${name}.js`), 'text/javascript']
  for (const name of BUNDLED) files[`/contenders/${name}.js`] = [here(`dist/contenders/${name}.js`), 'text/javascript']
  // A build of the SDK is a folder: its index.js imports the files beside it.
  const builds = new Map([['kith', here('dist/sdk')], ...[...others].map(([name, file]) => [name, dirname(resolve(file))])])

  const server = createServer(async ({ url }, response) => {
    const [path, type] = files[url] ?? fileOfBuild(builds, url) ?? []
    if (path === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': type, ...ISOLATION }).end(await readFile(path))
  })
  // The least that signalling can be: what one socket sends goes to the others of its path.
  const signalling = new WebSocketServer({ server, perMessageDeflate: false })
  signalling.on('connection', (socket, { url }) => {
    socket.room = url
    socket.on('message', (data) => {
      for (const other of signalling.clients) if (other !== socket && other.room === url) other.send(data, { binary: false })
    })
  })
  await new Promise((resolve) => server.listen(0, host, resolve))
  const { port } = server.address()
  return {
    page: `http://localhost:${port}/`,
    signalling: `ws://localhost:${port}/`,
    close() {
      for (const socket of signalling.clients) socket.terminate()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** '/sdk/NAME/FILE.js' */
function fileOfBuild(builds, url) {
  const [, name, file] = /^\/sdk\/([^/]+)\/([\w.-]+\.js)$/.exec(url) ?? []
  return builds.has(name) ? [join(builds.get(name), file), 'text/javascript'] : undefined
}

async function startRelay(host) {
  const { createRelay } = await import(new URL('dist/relay/index.js', import.meta.url).href)
  // A dial's worth of envelopes many times a minute, from two sockets at one address: more than a relay gives to two people.
  const generous = { sendPerSecond: 1000, sendBurst: 1000, receivePerSecond: 1000, receiveBurst: 1000, acceptsPerPrefix: 1000 }
  return createRelay({ port: 0, host, limits: generous })
}

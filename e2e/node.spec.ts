/** Peers outside a page: Node with a WebRTC implementation for it, to a browser and to each other; each process ends by itself. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import type { Page } from '@playwright/test'
import { NO_FIREFOX, firefox as thereIsFirefox } from '../scripts/browsers.mjs'
import { test as base, expect } from './fixtures.ts'
import { NodeProcess, SDK } from './node-process.ts'
import { GLOBAL_BUILD } from './relay.ts'

const BYTES = 10 * 1024 * 1024
/** From the end of its program to the end of the process; a busy machine takes most of it. */
const EXIT_MS = 10_000

const ROAMHQ = '@roamhq/wrtc'
const DATACHANNEL = 'node-datachannel/polyfill'

const test = base.extend<{ node: (...options: Parameters<typeof NodeProcess.peer>) => NodeProcess }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are needed: none
  node: async ({}, use) => {
    const all: NodeProcess[] = []
    await use((...options) => {
      const peer = NodeProcess.peer(...options)
      all.push(peer)
      return peer
    })
    for (const peer of all) peer.kill()
  },
})

/** A browser's peer that answers as node/peer.mjs does. */
async function openPage(page: Page, url: string, relays: string[]): Promise<void> {
  await page.goto(url)
  await page.evaluate(async (relays) => {
    globalThis.me = await Kith.createPeer({ relays, storage: 'memory', local: false })
    me.handle('/hash/v1', async (stream) => {
      const received = await new Response(stream.readable).arrayBuffer()
      const writer = stream.writable.getWriter()
      await writer.write(new Uint8Array(await crypto.subtle.digest('SHA-256', received)))
      await writer.close()
    })
    me.handleDatagrams('/echo/v1', (flow) => flow.readable.pipeTo(flow.writable))
  }, relays)
}

/** From a page to whom it knows: whether all bytes arrived as they were sent. */
function sendFrom(page: Page, to: string): Promise<boolean> {
  return page.evaluate(
    async ({ to, length }) => {
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
      const stream = await me.open(Kith.parsePeerId(to), '/hash/v1')
      const writer = stream.writable.getWriter()
      for (let at = 0; at < length; at += 100_000) await writer.write(bytes.slice(at, at + 100_000))
      await writer.close()
      const theirs = new Uint8Array(await new Response(stream.readable).arrayBuffer())
      const mine = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      return theirs.length === mine.length && theirs.every((byte, i) => byte === mine[i])
    },
    { to, length: BYTES },
  )
}

async function expectExit(process: NodeProcess): Promise<void> {
  process.ask('close')
  await process.said('closed')
  const closedAt = performance.now()
  const { code, stderr } = await process.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(performance.now() - closedAt).toBeLessThan(EXIT_MS)
}

for (const wrtc of [ROAMHQ, DATACHANNEL]) {
  test(`${wrtc} dials Chromium: 10 MiB each way at once, datagrams, and an end by itself`, async ({
    relay,
    site,
    newBrowser,
    node,
  }) => {
    const page = await (await newBrowser()).newPage()
    await openPage(page, site.scriptTagPage, [relay.url])
    const link = await page.evaluate(async () => (await me.invite()).link)
    const guest = node({ wrtc, relays: [relay.url], link, bytes: BYTES })
    const self = await guest.said<string>('self')
    guest.ask('send')
    expect(await Promise.all([guest.said('sent'), sendFrom(page, self)])).toEqual([true, true])
    guest.ask('echo')
    expect(await guest.said('echoed')).toBe(50)
    guest.ask('stats')
    expect(await guest.said('stats')).toMatchObject({ path: 'direct' })
    await expectExit(guest)
  })

  test(`Chromium dials ${wrtc}: 10 MiB each way at once, datagrams, and an end by itself`, async ({
    relay,
    site,
    newBrowser,
    node,
  }) => {
    const host = node({ wrtc, relays: [relay.url], bytes: BYTES })
    const page = await (await newBrowser()).newPage()
    await openPage(page, site.scriptTagPage, [relay.url])
    await page.evaluate(async (link) => void (await me.accept(link)), await host.said<string>('link'))
    const self = await host.said<string>('self')
    host.ask('send')
    expect(await Promise.all([host.said('sent'), sendFrom(page, self)])).toEqual([true, true])
    host.ask('echo')
    expect(await host.said('echoed')).toBe(50)
    host.ask('stats')
    expect(await host.said('stats')).toMatchObject({ path: 'direct' })
    await expectExit(host)
  })
}

test.describe(() => {
  test.skip(thereIsFirefox() === undefined, NO_FIREFOX)
  test('Node dials Firefox, and Firefox sends too', async ({ relay, site, newFirefox, node }) => {
    const page = await (await newFirefox()).newPage()
    await openPage(page, site.scriptTagPage, [relay.url])
    const link = await page.evaluate(async () => (await me.invite()).link)
    const guest = node({ wrtc: ROAMHQ, relays: [relay.url], link, bytes: BYTES })
    const self = await guest.said<string>('self')
    guest.ask('send')
    expect(await Promise.all([guest.said('sent'), sendFrom(page, self)])).toEqual([true, true])
    await expectExit(guest)
  })
})

for (const [caller, callee] of [
  [ROAMHQ, ROAMHQ],
  [ROAMHQ, DATACHANNEL],
  [DATACHANNEL, ROAMHQ],
  [DATACHANNEL, DATACHANNEL],
] as const) {
  test(`Node and Node: ${caller} dials ${callee}`, async ({ relay, node }) => {
    const host = node({ wrtc: callee, relays: [relay.url], bytes: BYTES })
    const guest = node({ wrtc: caller, relays: [relay.url], link: await host.said<string>('link'), bytes: BYTES })
    await Promise.all([host.said('met'), guest.said('met')])
    for (const peer of [host, guest]) peer.ask('send')
    expect(await Promise.all([host.said('sent'), guest.said('sent')])).toEqual([true, true])
    await expectExit(guest)
    await expectExit(host)
  })
}

/** What each program below begins with. */
const BEGIN = `
import wrtc from '${ROAMHQ}'
import { WebSocket } from 'ws'
import { createPeer } from '${SDK}'
const page = 'https://kith.example/'
const map = new Map()
const store = {
  get: async (key) => map.get(key),
  set: async (key, value) => void map.set(key, value),
  delete: async (key) => void map.delete(key),
  keys: async (prefix) => [...map.keys()].filter((key) => key.startsWith(prefix)),
}
const failure = (work) => work.then(() => 'fulfilled', ({ name, code, message }) => ({ name, code, message }))
const say = (value) => console.log(JSON.stringify(value))
`

/** Runs it to its own end; what it said last. */
async function run(code: string): Promise<unknown> {
  const process = NodeProcess.program(BEGIN + code)
  const timer = setTimeout(() => process.kill(), 60_000)
  const { code: exitCode, stdout, stderr } = await process.ended
  clearTimeout(timer)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

/** How long it took from what the program calls `closed` to its end. */
const TIMED = `const closedAt = performance.now(); process.on('exit', () => say({ ms: performance.now() - closedAt }))`

test.describe('a process ends by itself after close, and nothing of ours holds it', () => {
  const closings: [string, string][] = [
    [
      'a peer of which nothing was asked',
      'const peer = await createPeer({ wrtc, webSocket: WebSocket, relays, page, storage: "memory" }); await peer.close()',
    ],
    [
      'one that keeps itself in a store',
      'const peer = await createPeer({ wrtc, webSocket: WebSocket, relays, page, storage: store }); await peer.close()',
    ],
    ['one without relays', 'const peer = await createPeer({ wrtc, page }); await peer.close()'],
    [
      'await using',
      'const peer = await createPeer({ wrtc, webSocket: WebSocket, relays, page }); await peer[Symbol.asyncDispose]()',
    ],
    [
      'one with an invitation',
      'const peer = await createPeer({ wrtc, webSocket: WebSocket, relays, page }); const invite = await peer.invite(); const gone = failure(invite.accepted); await peer.close(); await gone',
    ],
    [
      'one that was dialling',
      `const peer = await createPeer({ wrtc, webSocket: WebSocket, relays, page })
       const other = await createPeer({ wrtc, webSocket: WebSocket, relays, page, local: false })
       const { link } = await other.invite()
       await other.close()
       const dial = failure(peer.accept(link))
       await peer.close()
       if ((await dial).code !== 'closed') throw new Error(JSON.stringify(await dial))`,
    ],
  ]
  for (const [name, code] of closings) {
    test(name, async ({ relay }) => {
      const { ms } = (await run(`const relays = ['${relay.url}']; ${code}; ${TIMED}`)) as { ms: number }
      expect(ms).toBeLessThan(EXIT_MS)
    })
  }

  test('one whose relay is not there', async () => {
    const code = `const peer = await createPeer({ wrtc, webSocket: WebSocket, relays: ['ws://127.0.0.1:9/relay'], page }); await peer.close()`
    expect(((await run(`${code}; ${TIMED}`)) as { ms: number }).ms).toBeLessThan(EXIT_MS)
  })

  test('one whose relay takes the connection and never answers', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const code = `const peer = await createPeer({ wrtc, webSocket: WebSocket, relays: ['ws://127.0.0.1:${port}/relay'], page }); await peer.close()`
      expect(((await run(`${code}; ${TIMED}`)) as { ms: number }).ms).toBeLessThan(EXIT_MS)
    } finally {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })
})

test('Node without WebRTC, without WebSocket, without IndexedDB: what is missing, and what to do', async ({ relay }) => {
  const said = await run(`
    const relays = ['${relay.url}']
    Object.defineProperty(globalThis, 'WebSocket', { value: undefined })
    const peer = await createPeer({ wrtc, page })
    const other = await createPeer({ wrtc, webSocket: WebSocket, relays, page, storage: 'memory', local: false })
    const { link } = await other.invite()
    say({
      noWebRtc: await failure(createPeer({ webSocket: WebSocket, relays })),
      noWebSocket: await failure(createPeer({ wrtc, relays })),
      theirRelay: await failure(peer.accept(link)),
      noDefault: await failure(createPeer({ wrtc: await import('${ROAMHQ}').then((module) => ({ ...module, RTCPeerConnection: undefined })) })),
      storage: { state: peer.status.storage.state, message: peer.status.storage.error?.message },
      asked: other.status.storage,
      relays: peer.status.relays,
    })
    await peer.close()
    await other.close()
  `)
  expect(said).toMatchObject({
    noWebRtc: { code: 'unsupported-environment', message: expect.stringMatching(/in Node pass `wrtc`/) },
    noWebSocket: { code: 'unsupported-environment', message: expect.stringMatching(/`webSocket`/) },
    theirRelay: { code: 'unsupported-environment', message: expect.stringMatching(/`webSocket`/) },
    noDefault: { code: 'invalid-argument', message: expect.stringMatching(/`wrtc`/) },
    storage: { state: 'session', message: expect.stringMatching(/no IndexedDB here.*`storage`/) },
    asked: { state: 'session' },
    relays: [],
  })
})

test('a store of one’s own keeps the identity from one start to the next', async () => {
  const said = await run(`
    const first = await createPeer({ wrtc, page, storage: store })
    await first.identity.setName('Ada')
    await first.close()
    const second = await createPeer({ wrtc, page, storage: store })
    say({ same: first.id === second.id, name: second.identity.name, storage: second.status.storage })
    await second.close()
  `)
  expect(said).toEqual({ same: true, name: 'Ada', storage: { state: 'persistent' } })
})

for (const [build, take] of [
  ['ES module', `await import('${SDK}')`],
  ['script tag', `(runInThisContext(readFileSync('${GLOBAL_BUILD}', 'utf8')), globalThis.Kith)`],
] as const) {
  test(`to load the ${build} touches nothing that may be missing or forbidden`, async () => {
    const process = NodeProcess.program(`
      import { readFileSync } from 'node:fs'
      import { runInThisContext } from 'node:vm'
      const globals = ['navigator', 'crypto', 'indexedDB', 'localStorage', 'BroadcastChannel', 'WebSocket', 'RTCPeerConnection',
        'document', 'window', 'location', 'self', 'caches', 'isSecureContext', 'addEventListener', 'reportError', 'CryptoKey']
      for (const name of globals) {
        Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error('looked at ' + name) } })
      }
      const { createPeer } = ${take}
      console.log(typeof createPeer)
    `)
    expect(await process.ended).toEqual({ code: 0, stdout: 'function\n', stderr: '' })
  })
}

/**
 * This build with the one that others already run: through either relay, both ways, everything that two people do. And one person's
 * browser that goes from that build to this one, and back: what is stored there stays.
 */
import { createRequire } from 'node:module'
import type { Datagrams, Invite, Media, Messages, Peer } from '@kith/sdk'
import type { Page } from '@playwright/test'
import { build, type Rollup } from 'vite'
import type * as Yjs from 'yjs'
import { expect, test } from './fixtures.ts'
import { RELEASED_RELAY, RelayProcess } from './relay.ts'
import { relayIs } from './several.ts'

type Build = 'this' | 'released'

/** What a page of these tests keeps. */
interface Kept {
  me: Peer
  invite: Invite
  chat: Messages
  said: string[]
  doc: Yjs.Doc
  call: Media
  flow: Datagrams
  positions: number[]
}
declare global {
  var kept: Kept
  var Y: typeof Yjs
}

const YJS = createRequire(import.meta.url).resolve('yjs')
let yjs: string

test.beforeAll(async () => {
  const output = await build({
    configFile: false,
    logLevel: 'warn',
    build: { write: false, target: 'es2022', lib: { entry: YJS, formats: ['iife'], name: 'Y', fileName: () => 'yjs.js' } },
  })
  yjs = ([output].flat()[0] as Rollup.RollupOutput).output[0].code
})

interface Site {
  readonly scriptTagPage: string
  readonly releasedPage: string
}

/** Opens the person of this browser with one of the builds, serves all that is tried below, and waits for the relay. */
async function join(page: Page, site: Site, which: Build, relay: string, name: string): Promise<string> {
  await page.goto(which === 'this' ? site.scriptTagPage : site.releasedPage)
  await page.addScriptTag({ content: yjs })
  const id = await page.evaluate(
    async ({ relay, name }) => {
      // The way through the relay is what is tried, not the one between tabs of a browser.
      const me = await Kith.createPeer({ relays: [relay], local: false })
      if (me.identity.name !== name) await me.identity.setName(name)
      const doc = new Y.Doc()
      Object.assign(globalThis, { me, kept: { me, doc, said: [], positions: [] } })
      me.handle('/chat/v1', async (stream) => {
        kept.chat = Kith.messages(stream)
        for await (const message of kept.chat) kept.said.push(message.text())
      })
      me.handle('/who/v1', (stream) => stream.readable.pipeTo(stream.writable))
      me.handle('/document/v1', (stream) => write(stream))
      me.handleDatagrams('/position/v1', async (flow) => {
        kept.flow = flow
        for await (const datagram of flow.readable) kept.positions.push(datagram[0] ?? -1)
      })
      me.handleMedia('/call/v1', (incoming) => show(incoming.accept()))

      /** README's document. */
      async function write(stream: Parameters<typeof Kith.messages>[0]) {
        const line = Kith.messages(stream)
        const tell = (update: Uint8Array, from?: unknown) => {
          if (from !== line) line.send(update).catch(() => doc.off('update', tell))
        }
        doc.on('update', tell)
        tell(Y.encodeStateAsUpdate(doc))
        for await (const { data } of line) Y.applyUpdate(doc, data, line)
      }

      /** A picture that changes is sent; theirs is shown, and its frames are counted. */
      function show(call: Media) {
        kept.call = call
        const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 })
        const context = canvas.getContext('2d')
        let hue = 0
        const draw = () => {
          hue += 5
          if (context) context.fillStyle = `hsl(${hue} 90% 50%)`
          context?.fillRect(0, 0, 64, 64)
          requestAnimationFrame(draw)
        }
        draw()
        const [picture] = canvas.captureStream().getVideoTracks()
        if (picture) call.addTrack(picture)
        call.on('track', ({ stream }) => {
          const video = Object.assign(document.createElement('video'), { autoplay: true, muted: true, srcObject: stream })
          document.body.append(video)
        })
      }
      Object.assign(globalThis, { write, show })
      return me.id
    },
    { relay, name },
  )
  await relayIs(page, relay, 'ready')
  return id
}

/** Makes an invitation; its `accepted` is kept for `welcomed`. */
function invite(page: Page): Promise<string> {
  return page.evaluate(async () => {
    kept.invite = await kept.me.invite()
    kept.invite.accepted.catch(() => {})
    return kept.invite.link
  })
}

/** The name of the one who used the invitation that this page made last. */
function welcomed(page: Page): Promise<string> {
  return page.evaluate(async () => (await kept.invite.accepted).name)
}

/** The name of the one whose link it is. */
function accept(page: Page, link: string): Promise<string> {
  return page.evaluate(async (link) => (await kept.me.accept(link)).name, link)
}

/** An echo, over a new connection. */
async function expectEcho(from: Page, to: string): Promise<void> {
  const text = await from.evaluate(async (to) => {
    for (const connection of kept.me.connections.values()) await connection.close()
    const stream = await kept.me.open(Kith.parsePeerId(to), '/who/v1')
    const writer = stream.writable.getWriter()
    await writer.write(new TextEncoder().encode('are you there'))
    await writer.close()
    return await new Response(stream.readable).text()
  }, to)
  expect(text).toBe('are you there')
}

/** From `opener` to `other`, both ways: chat, document, datagrams, a call. */
async function converse(opener: Page, other: Page, to: string): Promise<void> {
  await test.step('chat', async () => {
    await opener.evaluate(async (to) => {
      const chat = Kith.messages(await kept.me.open(Kith.parsePeerId(to), '/chat/v1'))
      kept.chat = chat
      void (async () => {
        for await (const message of chat) kept.said.push(message.text())
      })()
      await chat.send('hello')
      await chat.send('x'.repeat(200_000))
    }, to)
    await other.waitForFunction(() => kept.said.length === 2 && kept.said[1]?.length === 200_000)
    await other.evaluate(() => kept.chat.send('hello yourself'))
    await opener.waitForFunction(() => kept.said.join() === 'hello yourself')
    await Promise.all([opener, other].map((page) => page.evaluate(() => kept.chat.close())))
  })

  await test.step('document', async () => {
    await opener.evaluate(() => kept.doc.getText().insert(0, 'written before; '))
    await opener.evaluate(async (to) => {
      const { write } = globalThis as unknown as { write: (stream: unknown) => Promise<void> }
      void write(await kept.me.open(Kith.parsePeerId(to), '/document/v1'))
    }, to)
    await other.waitForFunction(() => String(kept.doc.getText()) === 'written before; ')
    // At once, at both ends.
    await Promise.all([
      opener.evaluate(() => kept.doc.getText().insert(0, 'first; ')),
      other.evaluate(() => kept.doc.getText().insert(kept.doc.getText().length, 'last')),
    ])
    for (const page of [opener, other])
      await page.waitForFunction(() => String(kept.doc.getText()) === 'first; written before; last')
  })

  await test.step('datagrams', async () => {
    await opener.evaluate(async (to) => {
      const flow = await kept.me.openDatagrams(Kith.parsePeerId(to), '/position/v1')
      kept.flow = flow
      void (async () => {
        for await (const datagram of flow.readable) kept.positions.push(datagram[0] ?? -1)
      })()
    }, to)
    // Datagrams may be lost: sent until one has arrived.
    for (const [from, at] of [
      [opener, other],
      [other, opener],
    ] as const) {
      await expect
        .poll(async () => {
          await from.evaluate(() => kept.flow.send(new Uint8Array([7])))
          return at.evaluate(() => kept.positions.includes(7))
        })
        .toBe(true)
    }
    await opener.evaluate(() => kept.flow.close())
  })

  await test.step('call', async () => {
    await opener.evaluate(async (to) => {
      const { show } = globalThis as unknown as { show: (call: Media) => void }
      show(await kept.me.openMedia(Kith.parsePeerId(to), '/call/v1'))
    }, to)
    for (const page of [opener, other]) {
      const frames = () => page.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0)
      await expect.poll(frames).toBeGreaterThan(0)
      const before = await frames()
      await expect.poll(frames).toBeGreaterThan(before + 5)
    }
    await opener.evaluate(() => kept.call.close())
    await other.evaluate(() => kept.call.closed)
  })
}

for (const relayBuild of ['this', 'released'] as const) {
  for (const [host, guest] of [
    ['this', 'released'],
    ['released', 'this'],
  ] as const) {
    test(`${relayBuild} build's relay: the ${host} build invites the ${guest} one; chat, document, datagrams, call`, async ({
      site,
      newBrowser,
    }) => {
      const relay = relayBuild === 'this' ? new RelayProcess() : new RelayProcess(undefined, RELEASED_RELAY)
      await relay.start()
      try {
        const [ada, bo] = [await (await newBrowser()).newPage(), await (await newBrowser()).newPage()]
        const [adasId, bosId] = [await join(ada, site, host, relay.url, 'Ada'), await join(bo, site, guest, relay.url, 'Bo')]
        const link = await invite(ada)
        expect(await accept(bo, link)).toBe('Ada')
        expect(await welcomed(ada)).toBe('Bo')
        await converse(ada, bo, bosId)
        // The other way round, over a connection of its own, with what is there already.
        await Promise.all([join(ada, site, host, relay.url, 'Ada'), join(bo, site, guest, relay.url, 'Bo')])
        await converse(bo, ada, adasId)
        await expectEcho(ada, bosId)
        await expectEcho(bo, adasId)
      } finally {
        await relay.stop()
      }
    })
  }
}

test('one browser goes from the released build to this one and back: identity, contacts and open invitations stay', async ({
  relay,
  site,
  newBrowser,
}) => {
  const page = async () => await (await newBrowser()).newPage()
  const [ada, bo, cy, dan, eve] = [await page(), await page(), await page(), await page(), await page()]
  const stored = () =>
    ada.evaluate(() =>
      [...kept.me.contacts]
        .map(({ name, trust, purposes }) => `${name} ${trust} ${purposes.join()}`)
        .sort()
        .join('; '),
    )
  /** In the same tab, as a page that was deployed anew. */
  const change = async (which: Build) => {
    await ada.evaluate(() => kept.me.close())
    return join(ada, site, which, relay.url, 'Ada')
  }

  const adasId = await join(ada, site, 'released', relay.url, 'Ada')
  const bosId = await join(bo, site, 'released', relay.url, 'Bo')
  await accept(bo, await invite(ada))
  await welcomed(ada)
  await ada.evaluate((id) => kept.me.contacts.update(Kith.parsePeerId(id), { name: 'Bodo', purposes: ['chat'] }), bosId)
  const open = [await invite(ada), await invite(ada)]

  expect(await change('this')).toBe(adasId)
  expect(await stored()).toBe('Bodo trusted chat')
  await expectEcho(ada, bosId)
  await expectEcho(bo, adasId)
  // Links that were given out before still open, whichever build the guest runs.
  const cysId = await join(cy, site, 'this', relay.url, 'Cy')
  expect(await accept(cy, open[0] ?? '')).toBe('Ada')
  const dansId = await join(dan, site, 'released', relay.url, 'Dan')
  expect(await accept(dan, open[1] ?? '')).toBe('Ada')
  await expect.poll(stored).toBe('Bodo trusted chat; Cy trusted ; Dan trusted ')
  await ada.evaluate((id) => kept.me.contacts.update(Kith.parsePeerId(id), { trust: 'blocked' }), dansId)
  const later = await invite(ada)

  expect(await change('released')).toBe(adasId)
  expect(await stored()).toBe('Bodo trusted chat; Cy trusted ; Dan blocked ')
  await expectEcho(ada, bosId)
  await expectEcho(ada, cysId)
  await expectEcho(cy, adasId)
  await join(eve, site, 'this', relay.url, 'Eve')
  expect(await accept(eve, later)).toBe('Ada')
  await expect.poll(stored).toBe('Bodo trusted chat; Cy trusted ; Dan blocked ; Eve trusted ')

  expect(await change('this')).toBe(adasId)
  expect(await stored()).toBe('Bodo trusted chat; Cy trusted ; Dan blocked ; Eve trusted ')
  await expectEcho(ada, cysId)
})

/** Browsers that lack something, forbid it, or let it hang: what can work works, and what cannot says why. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Browser,
  type BrowserContext,
  chromium as chromiumLauncher,
  type Frame,
  firefox as firefoxLauncher,
  type Page,
} from '@playwright/test'
import { chromium, firefox, NO_FIREFOX } from '../scripts/browsers.mjs'
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'
import type { RelayProcess } from './relay.ts'
import type { StaticServer } from './static-server.ts'

// What Playwright does to a page to take a picture of it Firefox tells as a violation of the page's policy.
test.use({ screenshot: 'off' })

interface Storage {
  readonly state: string
  readonly code: string | undefined
  readonly message: string | undefined
}

/** Makes the peer of this page, with storage and channel as they come. */
async function makePeer(page: Page | Frame, relays: string[]): Promise<Storage> {
  return page.evaluate(async (relays) => {
    globalThis.me = await Kith.createPeer({ relays, page: 'https://kith.example/' })
    me.handle('/echo/v1', (stream) => stream.readable.pipeTo(stream.writable))
    // What the lock manager is found to be comes a moment later.
    const { state, error } = me.status.storage
    return { state, code: error?.code, message: error?.message }
  }, relays)
}

/** What comes back of what is said to `to` on the echo, over a connection of its own. */
function echo(page: Page | Frame, to: string): Promise<string> {
  return page.evaluate(async (to) => {
    for (const connection of me.connections.values()) await connection.close()
    const stream = await me.open(Kith.parsePeerId(to), '/echo/v1')
    const writer = stream.writable.getWriter()
    await writer.write(new TextEncoder().encode('hello'))
    await writer.close()
    return new Response(stream.readable).text()
  }, to)
}

/** Both meet by an invitation, and each dials the other. */
async function expectMeeting(page: Page | Frame, other: Page): Promise<void> {
  const link = await other.evaluate(async () => (await me.invite()).link)
  await page.evaluate(async (link) => void (await me.accept(link)), link)
  const [id, otherId] = [await page.evaluate(() => me.id), await other.evaluate(() => me.id)]
  expect(await echo(page, otherId)).toBe('hello')
  expect(await echo(other, id)).toBe('hello')
}

const UNSHARED = /does not let tabs of this page see each other/

/** What each does to a page before any of its scripts runs, and what comes of it. */
const TROUBLES: readonly [name: string, state: 'session' | 'best-effort', message: RegExp | undefined, spoil: () => void][] = [
  ['no IndexedDB', 'session', /no IndexedDB/, () => Object.defineProperty(globalThis, 'indexedDB', { value: undefined })],
  [
    'IndexedDB may not be looked at',
    'session',
    /allow site data/,
    () =>
      Object.defineProperty(globalThis, 'indexedDB', {
        get: () => {
          throw new DOMException('The operation is insecure.', 'SecurityError')
        },
      }),
  ],
  [
    'IndexedDB throws where it is opened',
    'session',
    /allow site data/,
    () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('The operation is insecure.', 'SecurityError')
      }
    },
  ],
  [
    'IndexedDB never opens',
    'session',
    /in time/,
    () => {
      const before = IDBFactory.prototype.open
      IDBFactory.prototype.open = function (this: IDBFactory, ...parameters) {
        return Object.assign(before.apply(this, parameters), { addEventListener: () => undefined })
      }
    },
  ],
  [
    'IndexedDB opens and lets no transaction begin',
    'session',
    /closed under this page/,
    () => {
      IDBDatabase.prototype.transaction = () => {
        throw new DOMException('The database connection is closing.', 'InvalidStateError')
      }
    },
  ],
  [
    'IndexedDB opens and answers no request',
    'session',
    /does not answer/,
    () => {
      for (const name of ['get', 'put', 'getAllKeys'] as const) {
        const before = IDBObjectStore.prototype[name] as (...parameters: unknown[]) => IDBRequest
        Object.defineProperty(IDBObjectStore.prototype, name, {
          value(this: IDBObjectStore, ...parameters: unknown[]) {
            return Object.assign(before.apply(this, parameters), { addEventListener: () => undefined })
          },
        })
      }
    },
  ],
  ['no locks', 'best-effort', undefined, () => Object.defineProperty(navigator, 'locks', { value: undefined })],
  [
    'locks may not be looked at',
    'best-effort',
    undefined,
    () =>
      Object.defineProperty(navigator, 'locks', {
        get: () => {
          throw new DOMException('The operation is insecure.', 'SecurityError')
        },
      }),
  ],
  [
    'locks throw where they are asked for',
    'best-effort',
    UNSHARED,
    () => {
      LockManager.prototype.request = () => {
        throw new DOMException('The operation is insecure.', 'SecurityError')
      }
    },
  ],
  [
    'locks are refused',
    'best-effort',
    UNSHARED,
    () => {
      LockManager.prototype.request = () => Promise.reject(new DOMException('The operation is insecure.', 'SecurityError'))
    },
  ],
  [
    'locks are never granted',
    'best-effort',
    UNSHARED,
    () => {
      LockManager.prototype.request = () => new Promise(() => undefined)
      LockManager.prototype.query = () => new Promise(() => undefined)
    },
  ],
  [
    'no BroadcastChannel',
    'best-effort',
    UNSHARED,
    () => Object.defineProperty(globalThis, 'BroadcastChannel', { value: undefined }),
  ],
  [
    'a BroadcastChannel may not be made',
    'best-effort',
    UNSHARED,
    () =>
      Object.defineProperty(globalThis, 'BroadcastChannel', {
        value: class {
          constructor() {
            throw new DOMException('The operation is insecure.', 'SecurityError')
          }
        },
      }),
  ],
  [
    'a BroadcastChannel takes nothing',
    'best-effort',
    undefined,
    () => {
      BroadcastChannel.prototype.postMessage = () => {
        throw new DOMException('The channel is closed.', 'InvalidStateError')
      }
    },
  ],
  ['no storage manager', 'best-effort', undefined, () => Object.defineProperty(navigator, 'storage', { value: undefined })],
  [
    'the storage manager may not be looked at',
    'best-effort',
    undefined,
    () =>
      Object.defineProperty(navigator, 'storage', {
        get: () => {
          throw new DOMException('The operation is insecure.', 'SecurityError')
        },
      }),
  ],
  [
    'the storage manager promises nothing, ever',
    'best-effort',
    undefined,
    () => {
      StorageManager.prototype.persisted = () => new Promise(() => undefined)
      StorageManager.prototype.persist = () => new Promise(() => undefined)
    },
  ],
  [
    'nothing that is kept or shared may be used',
    'session',
    /allow site data/,
    () => {
      const forbidden = {
        get: () => {
          throw new DOMException('The operation is insecure.', 'SecurityError')
        },
      }
      for (const name of ['indexedDB', 'BroadcastChannel', 'localStorage', 'sessionStorage', 'caches']) {
        Object.defineProperty(globalThis, name, forbidden)
      }
      for (const name of ['locks', 'storage', 'userAgentData']) Object.defineProperty(navigator, name, forbidden)
    },
  ],
]

/** Whether the page had an uncaught error. */
function uncaught(page: Page): string[] {
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  return errors
}

async function expectTrouble(page: Page, other: Page, at: { site: string; relay: string }, trouble: (typeof TROUBLES)[number]) {
  const [name, state, message, spoil] = trouble
  const errors = uncaught(page)
  // Not in the empty page before it, which has none of these in Firefox.
  await page.addInitScript(`if (isSecureContext) (${spoil})()`)
  await page.goto(at.site)
  await makePeer(page, [at.relay])
  await expectMeeting(page, other)
  const storage = () =>
    page.evaluate(() => {
      const { state, error } = me.status.storage
      return { state, code: error?.code, message: error?.message }
    })
  const expected = message ? { state, code: 'storage', message: expect.stringMatching(message) } : { state }
  // Whether locks can be used is known some seconds later.
  await expect.poll(storage, { message: name, timeout: 20_000 }).toEqual(expected)
  expect(errors).toEqual([])
}

interface Given {
  readonly relay: RelayProcess
  readonly site: StaticServer
  readonly newBrowser: () => Promise<BrowserContext>
  /** A browser of the kind that this is about. */
  readonly open: () => Promise<BrowserContext>
}

/** Where there is no Firefox its half is skipped: before the fixture, which would fail. */
function inBoth(name: string, body: (given: Given) => Promise<void>): void {
  test(`Chromium, ${name}`, ({ relay, site, newBrowser }) => body({ relay, site, newBrowser, open: newBrowser }))
  test.describe(() => {
    test.skip(firefox() === undefined, NO_FIREFOX)
    test(`Firefox, ${name}`, ({ relay, site, newBrowser, newFirefox }) => body({ relay, site, newBrowser, open: newFirefox }))
  })
}

for (const trouble of TROUBLES) {
  inBoth(`${trouble[0]}: the peer works, and says what it must`, async ({ relay, site, newBrowser, open }) => {
    const [page, other] = [await (await open()).newPage(), await (await newBrowser()).newPage()]
    await other.goto(site.scriptTagPage)
    await makePeer(other, [relay.url])
    await expectTrouble(page, other, { site: site.scriptTagPage, relay: relay.url }, trouble)
  })
}

/** A browser that a person has set so; `use` gets a page of it. */
async function withBrowser(
  launch: () => Promise<Browser>,
  use: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const browser = await launch()
  try {
    const context = await browser.newContext({ locale: 'en-GB' })
    await use(await context.newPage(), context)
  } finally {
    await browser.close()
  }
}

test('Firefox with cookies blocked: it meets and chats, and says why nothing is kept', async ({ relay, site, newBrowser }) => {
  const options = firefox()
  test.skip(options === undefined, NO_FIREFOX)
  const other = await (await newBrowser()).newPage()
  await other.goto(site.scriptTagPage)
  await makePeer(other, [relay.url])
  const firefoxUserPrefs = { ...options?.firefoxUserPrefs, 'network.cookie.cookieBehavior': 2 }
  await withBrowser(
    () => firefoxLauncher.launch({ ...options, firefoxUserPrefs }),
    async (page) => {
      const errors = uncaught(page)
      await page.goto(site.scriptTagPage)
      const blocked = await page.evaluate(() => {
        try {
          new BroadcastChannel('x').close()
          return false
        } catch {
          return true
        }
      })
      expect(blocked, 'this Firefox forbids what this test is about').toBe(true)
      expect(await makePeer(page, [relay.url])).toEqual({
        state: 'session',
        code: 'storage',
        message: expect.stringMatching(/allow site data/),
      })
      expect(await page.evaluate(() => me.status.reach)).not.toBe('local')
      await expectMeeting(page, other)
      expect(errors).toEqual([])
    },
  )
})

test('Firefox with cookies blocked: the page, too, meets and chats, and says so', async ({ relay, newBrowser }) => {
  const options = firefox()
  test.skip(options === undefined, NO_FIREFOX)
  const firefoxUserPrefs = { ...options?.firefoxUserPrefs, 'network.cookie.cookieBehavior': 2 }
  await withBrowser(
    () => firefoxLauncher.launch({ ...options, firefoxUserPrefs }),
    async (_page, context) => {
      const ada = await Person.open(context, relay.page, 'Ada Lovelace')
      await expect(ada.page.getByText('Your identity lasts for this session only')).toBeVisible()
      const grace = await meet(ada, await newBrowser(), 'Grace Hopper')
      await ada.chatWith(grace, 'For this session')
    },
  )
})

test('Chromium with all site data blocked', async ({ relay, site, newBrowser }) => {
  const other = await (await newBrowser()).newPage()
  await other.goto(site.scriptTagPage)
  await makePeer(other, [relay.url])
  const folder = await mkdtemp(join(tmpdir(), 'kith-blocked-'))
  await mkdir(join(folder, 'Default'))
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } }
  await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences))
  const context = await chromiumLauncher.launchPersistentContext(folder, { ...chromium(), headless: true })
  try {
    const page = await context.newPage()
    const errors = uncaught(page)
    await page.goto(site.scriptTagPage)
    expect(await makePeer(page, [relay.url])).toMatchObject({ state: 'session', code: 'storage' })
    await expectMeeting(page, other)
    expect(errors).toEqual([])
  } finally {
    await context.close()
    await rm(folder, { recursive: true, force: true })
  }
})

inBoth('in an iframe without an origin of its own', async ({ relay, site, newBrowser, open }) => {
  const [page, other] = [await (await open()).newPage(), await (await newBrowser()).newPage()]
  for (const one of [page, other]) await one.goto(site.scriptTagPage)
  await makePeer(other, [relay.url])
  const errors = uncaught(page)
  await page.evaluate(async (url) => {
    const frame = Object.assign(document.createElement('iframe'), { src: url })
    frame.setAttribute('sandbox', 'allow-scripts')
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
    document.body.append(frame)
    await loaded
  }, site.scriptTagPage)
  const frame = page.frames()[1] as Frame
  expect(await frame.evaluate(() => origin)).toBe('null')
  expect(await makePeer(frame, [relay.url])).toMatchObject({ state: 'session', code: 'storage' })
  await expectMeeting(frame, other)
  expect(errors).toEqual([])
})

inBoth('in workers of each kind: what is so, and what to do', async ({ site, open }) => {
  const page = await (await open()).newPage()
  await page.goto(site.scriptTagPage)
  const outcomes = await page.evaluate(async () => {
    const heard = (port: Worker | MessagePort | ServiceWorkerContainer) =>
      new Promise<unknown>((resolve, reject) => {
        port.addEventListener('message', (event) => resolve((event as MessageEvent).data))
        port.addEventListener('error', (event) => reject(new Error(String((event as ErrorEvent).message))))
      })
    const dedicated = heard(new Worker('/worker.js'))
    const { port } = new SharedWorker('/worker.js')
    const shared = heard(port)
    port.start()
    const service = heard(navigator.serviceWorker)
    const registration = await navigator.serviceWorker.register('/worker.js')
    const worker = registration.installing ?? registration.waiting ?? registration.active
    worker?.postMessage('go')
    return { dedicated: await dedicated, shared: await shared, service: await service }
  })
  const what = {
    name: 'KithError',
    code: 'unsupported-environment',
    message: expect.stringMatching(/Workers have no WebRTC: create the peer in the page/),
  }
  expect(outcomes).toEqual({ dedicated: what, shared: what, service: what })
})

/** Why `createPeer` rejects here. */
const refusal = (page: Page) =>
  page.evaluate(() =>
    Kith.createPeer({ relays: [] }).then(
      () => 'made',
      (error: { name: string; code: string; message: string }) => ({
        name: error.name,
        code: error.code,
        message: error.message,
      }),
    ),
  )

test('Firefox with WebRTC switched off: that it is, and where to allow it', async ({ site }) => {
  const options = firefox()
  test.skip(options === undefined, NO_FIREFOX)
  const firefoxUserPrefs = { ...options?.firefoxUserPrefs, 'media.peerconnection.enabled': false }
  await withBrowser(
    () => firefoxLauncher.launch({ ...options, firefoxUserPrefs }),
    async (page) => {
      await page.goto(site.scriptTagPage)
      expect(await refusal(page)).toEqual({
        name: 'KithError',
        code: 'unsupported-environment',
        message: expect.stringMatching(/switched off here: allow it/),
      })
    },
  )
})

test('Chromium, a page over http of another host: that it needs https', async ({ site }) => {
  const options = chromium()
  const args = [...options.args, '--host-resolver-rules=MAP kith.test localhost']
  await withBrowser(
    () => chromiumLauncher.launch({ ...options, args }),
    async (page) => {
      await page.goto(site.scriptTagPage.replace('localhost', 'kith.test'))
      expect(await refusal(page)).toEqual({
        name: 'KithError',
        code: 'unsupported-environment',
        message: expect.stringMatching(/https or on localhost/),
      })
    },
  )
})

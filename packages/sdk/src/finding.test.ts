// Who finds whom, over the real relay and with WebRTC for Node: presence at the same instant, large address books, relays that change.
import { identityFromSeed, type PeerId } from '@kith/protocol'
import wrtc from '@roamhq/wrtc'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createRelay, type Relay } from '../../../signaling-relay/src/index.ts'
import type { Peer, PeerOptions } from './api.ts'
import { openPeer } from './peer.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const thing of open.splice(0).reverse()) await thing.close()
})

async function relay(): Promise<Relay> {
  const one = await createRelay({ port: 0, host: '127.0.0.1' })
  open.push(one)
  return one
}

const urlOf = ({ port }: Relay) => `ws://127.0.0.1:${port}/relay`

async function person(relays: Relay[], options: PeerOptions = {}): Promise<Peer> {
  const peer = await openPeer({
    storage: 'memory',
    relays: relays.map(urlOf),
    page: 'https://kith.example/',
    iceServers: [],
    local: false,
    wrtc,
    webSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    ...options,
  })
  open.push(peer)
  return peer
}

/** Resolves when it holds, looked at on each of these events. */
function until(peer: Peer, event: 'contact' | 'status', holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!holds()) return
      stop()
      resolve()
    }
    const stop = peer.on(event, look)
    look()
  })
}

const ready = (peer: Peer) => until(peer, 'status', () => peer.status.relays.every(({ state }) => state === 'ready'))
const sees = (peer: Peer, other: Peer, online = true) =>
  until(peer, 'contact', () => [...peer.contacts].some((contact) => contact.id === other.id && contact.online === online))

async function within(ms: number, what: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms)
  })
  try {
    await Promise.race([what, late])
  } finally {
    clearTimeout(timer)
  }
  return performance.now() - startedAt
}

const add = (peer: Peer, other: Peer) => peer.contacts.add({ id: other.id, name: 'x' })

test.each([0, 0, 0, 0, 1, 3, 10, 30, 100, 300, 1_000])(
  'two of whom one adds the other %d ms later are online to each other within two seconds',
  async (laterMs) => {
    const one = await relay()
    const [ada, bo] = await Promise.all([person([one]), person([one])])
    await Promise.all([ready(ada), ready(bo)])
    const both = Promise.all([sees(ada, bo), sees(bo, ada)])
    await Promise.all([add(ada, bo), new Promise((resolve) => setTimeout(resolve, laterMs)).then(() => add(bo, ada))])
    await within(2_000, both)
  },
)

test('two who start at the same instant, and two whose relay comes back, are online to each other within two seconds', async () => {
  const one = await relay()
  const [ada, bo] = await Promise.all([person([one]), person([one])])
  const both = Promise.all([sees(ada, bo), sees(bo, ada)])
  await Promise.all([add(ada, bo), add(bo, ada)])
  await within(2_000, both)
})

test('who leaves is away to their contacts within two seconds, connected or not', async () => {
  const one = await relay()
  const [ada, bo, cy] = await Promise.all([person([one]), person([one]), person([one])])
  await Promise.all([add(ada, bo), add(bo, ada), add(cy, bo), add(bo, cy)])
  await Promise.all([sees(ada, bo), sees(bo, ada), sees(cy, bo), sees(bo, cy)])
  await ada.connect(bo)
  const away = Promise.all([sees(ada, bo, false), sees(cy, bo, false)])
  await bo.close()
  await within(2_500, away)
}, 20_000)

test('two who met at a relay and have both moved to another find each other there', async () => {
  const [a, b] = await Promise.all([relay(), relay()])
  const [ada, bo] = await Promise.all([person([b]), person([b])])
  const relays = [urlOf(a)]
  await Promise.all([ada.contacts.add({ id: bo.id, name: 'Bo', relays }), bo.contacts.add({ id: ada.id, name: 'Ada', relays })])
  await Promise.all([ready(ada), ready(bo)])
  expect((await ada.connect(bo)).remote).toBe(bo.id)
}, 20_000)

test('one who has two relays finds one who moved from the first to the second', async () => {
  const [a, b] = await Promise.all([relay(), relay()])
  const [ada, bo] = await Promise.all([person([a, b]), person([b])])
  const relays = [urlOf(a)]
  await Promise.all([ada.contacts.add({ id: bo.id, name: 'Bo', relays }), add(bo, ada)])
  await Promise.all([ready(ada), ready(bo)])
  expect((await ada.connect(bo)).remote).toBe(bo.id)
}, 20_000)

const idOf = (n: number): PeerId => {
  const seed = new Uint8Array(32).fill(9)
  new DataView(seed.buffer).setUint32(0, n)
  return identityFromSeed(seed).id
}

/** The wall clock, from now on. */
function atHour(hour: number): void {
  const real = Date.now.bind(Date)
  const ahead = Math.floor(real() / 86_400_000) * 86_400_000 + hour * 3_600_000 - real()
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ahead)
}

test.each([12, 23])(
  'with 1,000 contacts, at %d:00 UTC, one can dial, be dialled, and invite',
  async (hour) => {
    atHour(hour)
    const one = await relay()
    const ids = Array.from({ length: 998 }, (_, n) => idOf(n))
    const [ada, bo, cy] = await Promise.all([person([one]), person([one]), person([one])])
    for (const [n, id] of ids.entries()) await ada.contacts.add({ id, name: `${n}` })
    await Promise.all([add(ada, bo), add(bo, ada), ready(ada), ready(bo)])
    expect(ada.status.relays[0]?.error).toBeUndefined()
    const startedAt = performance.now()
    expect((await ada.connect(bo)).remote).toBe(bo.id)
    const dialled = performance.now()
    const invite = await ada.invite()
    const [guest, host] = await Promise.all([cy.accept(invite.link), invite.accepted])
    expect([guest.id, host.id]).toEqual([ada.id, cy.id])
    const invited = performance.now()
    await Promise.all([...ada.connections.values(), ...bo.connections.values()].map((connection) => connection.close()))
    expect((await bo.connect(ada)).remote).toBe(ada.id)
    console.log({ hour, dialMs: dialled - startedAt, inviteMs: invited - dialled, dialledMs: performance.now() - invited })
  },
  120_000,
)

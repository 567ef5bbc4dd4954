// `npm run bench -- soak`: does one connection stay as it was, however much has gone through it?
import { chromium as playwright } from 'playwright'
import { chromium } from '../../scripts/browsers.mjs'
import { privateKib, rendererIds } from './memory.mjs'
import { setUpInside } from './network/namespace.mjs'
import { versions } from './report.mjs'
import { startServers } from './servers.mjs'

const AT_ONCE = 1000
/** Streams or MiB between two readings: so many readings, whatever the length. */
const READINGS = 20
const MIB = 1024 * 1024
/** What a page's objects may grow by once code is compiled and pools have their size: 40 bytes for each of 100,000 streams, which is
 *  less than the smallest object. */
const GROWTH_MAX_BYTES = 4 * MIB
/** The same while much is on its way: what may wait for a reader at one end, and to be acknowledged at the other. */
const BUSY_GROWTH_MAX_BYTES = 16 * MIB

/**
 * @param {{ streams: number, mib: number, obstacle: string | undefined }} options how many streams one after the other, and how much
 *   through one; `obstacle`: why the network is not one of our own
 * @returns {Promise<object>} the figures, and `isFlat`
 */
export async function soak({ streams, mib, obstacle }) {
  if (obstacle === undefined) setUpInside()
  const servers = await startServers({ contenders: ['kith'], others: new Map(), host: 'localhost' })
  const browser = await playwright.launch(chromium())
  try {
    const before = await rendererIds(browser)
    const { relay } = await servers.through(0)
    const callee = await openEnd(browser, servers.page, { role: 'callee', relay })
    const dialler = await openEnd(browser, servers.page, { role: 'dialler', relay })
    const processes = (await rendererIds(browser)).filter((id) => !before.includes(id))
    await callee.meet(dialler.id)
    await dialler.meet(callee.id)
    await dialler.handle.evaluate((end) => end.connect().then(() => undefined))
    const ends = { dialler, callee, processes }

    const report = { bench: 'soak', date: new Date().toISOString(), versions: versions([], browser) }
    report.atOnce = await atOnce(ends)
    report.inSequence = await inSequence(ends, streams)
    report.throughOne = await throughOne(ends, mib)
    report.isFlat = isFlat(report)
    return report
  } finally {
    await browser.close()
    await servers.close()
  }
}

async function atOnce({ dialler, callee }) {
  const open = {}
  await dialler.page.exposeFunction('whileOpen', async () => {
    for (const [role, end] of Object.entries({ dialler, callee }))
      open[role] = await end.handle.evaluate((end) => end.openStreams())
  })
  await dialler.handle.evaluate((end, count) => end.atOnce({ count, whileOpen: () => window.whileOpen() }), AT_ONCE)
  console.log(`${AT_ONCE} streams opened at once, each with bytes both ways; open then: ${JSON.stringify(open)}`)
  return open
}

async function inSequence(ends, streams) {
  console.log(`${streams} streams, each over before the next`)
  const readings = [await read(ends)]
  const step = Math.ceil(streams / READINGS)
  let elapsedMs = 0
  for (let done = 0; done < streams; ) {
    const count = Math.min(step, streams - done)
    const stepMs = await ends.dialler.handle.evaluate((end, count) => end.inSequence({ count }), count)
    done += count
    elapsedMs += stepMs
    readings.push(await read(ends))
    say(`${done} streams, ${Math.round((count * 1000) / stepMs)}/s`, readings)
  }
  return { streams, perSecond: (streams * 1000) / elapsedMs, readings }
}

async function throughOne(ends, mib) {
  console.log(`${mib} MiB through one stream`)
  const { dialler } = ends
  const sending = dialler.handle.evaluate((end, mib) => end.send({ mib }), mib)
  const readings = [await read(ends)]
  for (let step = 1; step < READINGS; step++) {
    const enough = (step * mib * MIB) / READINGS
    const wait = dialler.page.waitForFunction(([end, enough]) => end.bytesSent() >= enough, [dialler.handle, enough], {
      timeout: 0,
      polling: 50,
    })
    if (await Promise.race([wait.then(() => false), sending.then(() => true)])) break
    readings.push(await read(ends))
    say(`${Math.round((await dialler.handle.evaluate((end) => end.bytesSent())) / MIB)} MiB`, readings)
  }
  const { sent, received, elapsedMs } = await sending
  readings.push(await read(ends))
  const megabytesPerSecond = (mib * MIB) / 1e3 / elapsedMs
  say(
    `${mib} MiB, ${megabytesPerSecond.toFixed(1)} MB/s with digests, ${sent === received ? `both ${sent}` : 'DIGESTS DIFFER'}`,
    readings,
  )
  if (sent !== received) throw new Error(`sent ${sent}, received ${received}`)
  return { mib, megabytesPerSecond, digest: sent, readings }
}

/** Bytes: what the pages' objects and buffers take after a collection of garbage, and the private memory of their processes. */
async function read({ dialler, callee, processes }) {
  const reading = {}
  for (const [role, { session }] of Object.entries({ dialler, callee })) {
    await session.send('HeapProfiler.collectGarbage')
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage')
    reading[role] = usedSize + embedderHeapUsedSize + backingStorageSize
  }
  return { ...reading, private: processes.reduce((sum, id) => sum + privateKib(id) * 1024, 0) }
}

function say(what, readings) {
  const { dialler, callee, private: own } = readings.at(-1)
  const [heap, sum] = [[dialler, callee].map(mebibytes).join(' and '), mebibytes(own)]
  console.log(`  ${what}; MiB: objects of dialler and callee ${heap}, private of both processes ${sum}`)
}

function isFlat({ inSequence, throughOne }) {
  const [, settled, ...later] = inSequence.readings
  const before = throughOne.readings[0]
  const busy = throughOne.readings.slice(1, -1)
  const after = throughOne.readings.at(-1)
  return (
    later.every((reading) => growth(settled, reading) <= GROWTH_MAX_BYTES) &&
    busy.every((reading) => growth(before, reading) <= BUSY_GROWTH_MAX_BYTES) &&
    growth(before, after) <= GROWTH_MAX_BYTES
  )
}

/** Of the end that grew more. */
const growth = (from, to) => Math.max(to.dialler - from.dialler, to.callee - from.callee)

const mebibytes = (bytes) => (bytes / MIB).toFixed(2)

async function openEnd(browser, url, options) {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(error.message))
  await page.goto(url)
  const handle = await page.evaluateHandle(async (options) => (await import('/page/soak.js')).create(options), options)
  const id = await handle.evaluate(({ id }) => id)
  const session = await context.newCDPSession(page)
  return { page, handle, id, session, meet: (other) => handle.evaluate((end, other) => end.meet(other), other) }
}

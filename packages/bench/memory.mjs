// What an idle connection keeps, at both ends together.
import { readFileSync } from 'node:fs'
import { openEnds, openPage } from './session.mjs'

/** Made before the first reading: code is compiled, threads run, pools have their size. */
const FIRST = 12
/** Made between the two readings. */
const CONNECTIONS = 32
const READINGS = 4
const BETWEEN_READINGS_MS = 500

export const MEMORY = {
  units: { memory: 'KiB' },
  /** Private memory of two fresh renderer processes, before and after so many dials; all pairs of ends stand ready before. */
  async round(browser, url, options) {
    const before = await rendererIds(browser)
    const pages = { dialler: await openPage(browser, url), callee: await openPage(browser, url) }
    try {
      const own = (await rendererIds(browser)).filter((id) => !before.includes(id))
      const pairs = []
      for (let pair = 0; pair < FIRST + CONNECTIONS; pair++) {
        pairs.push(await openEnds(pages, { ...options, room: `memory-${pair}` }))
      }
      for (const { dialler } of pairs.slice(0, FIRST)) await dialler.evaluate((end) => end.dial())
      const beforeKib = await least(own, pages)
      for (const { dialler } of pairs.slice(FIRST)) await dialler.evaluate((end) => end.dial())
      return { memory: ((await least(own, pages)) - beforeKib) / CONNECTIONS }
    } finally {
      for (const page of Object.values(pages)) await page.context().close()
    }
  },
}

export async function rendererIds(browser) {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
}

/** KiB: the least of several readings, each after the browser was told to give back what it can. */
async function least(processes, pages) {
  const sessions = await Promise.all(Object.values(pages).map((page) => page.context().newCDPSession(page)))
  const readings = []
  for (let reading = 0; reading < READINGS; reading++) {
    for (const session of sessions) {
      await session.send('HeapProfiler.collectGarbage')
      await session.send('Memory.simulatePressureNotification', { level: 'critical' })
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_READINGS_MS))
    readings.push(processes.reduce((sum, id) => sum + privateKib(id), 0))
  }
  return Math.min(...readings)
}

/** Of a process, what it shares with no other. */
export function privateKib(processId) {
  const text = readFileSync(`/proc/${processId}/smaps_rollup`, 'utf8')
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)[1])
  return of('Private_Clean') + of('Private_Dirty')
}

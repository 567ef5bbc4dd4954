import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { namespaceObstacle } from './namespace.mjs'

const PROBE = fileURLToPath(new URL('delay-probe.mjs', import.meta.url))
const hasPath = namespaceObstacle() === undefined && spawnSync('cc', ['--version']).error === undefined

/** What came back of so many datagrams, in the order in which it came. */
function probe({ delayMs = 0, rateMbit = 0, lossPercent = 0, count, bytes = 1000, everyMs = 0 }) {
  const options = [{ delayMs, rateMbit, lossPercent }, count, bytes, everyMs].map((option) => JSON.stringify(option))
  const { stdout, stderr, status } = spawnSync('unshare', ['--net', process.execPath, PROBE, ...options], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the probe ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

describe.skipIf(!hasPath)('a path', () => {
  it('takes its delay each way, and keeps the order', () => {
    const answers = probe({ delayMs: 20, count: 50, everyMs: 2 })
    expect(answers.map(({ index }) => index)).toEqual(Array.from({ length: 50 }, (_, index) => index))
    for (const { elapsedMs } of answers) expect(elapsedMs).toBeGreaterThanOrEqual(40)
    expect(Math.min(...answers.map(({ elapsedMs }) => elapsedMs))).toBeLessThan(60)
  })

  it('lets datagrams leave at its rate, and drops what its queue does not hold', () => {
    const answers = probe({ rateMbit: 1, count: 100 })
    // 1,028 bytes with headers: 63 of them are 64 KiB. Some leave while the last are sent.
    expect(answers.length).toBeGreaterThanOrEqual(63)
    expect(answers.length).toBeLessThan(75)
    const lastMs = answers.at(-1).elapsedMs
    expect(lastMs).toBeGreaterThanOrEqual((63 * 1028 * 8) / 1e3)
    expect(lastMs).toBeLessThan(750)
  })

  it('loses its share of them, the same ones each time', () => {
    const options = { lossPercent: 10, count: 600, bytes: 100, everyMs: 1 }
    const [first, second] = [probe(options), probe(options)].map((answers) => answers.map(({ index }) => index))
    expect(first.length / 600).toBeGreaterThan(0.75)
    expect(first.length / 600).toBeLessThan(0.87)
    expect(second).toEqual(first)
  })

  it('loses none where it is not asked to', () => {
    expect(probe({ count: 400, bytes: 100, everyMs: 1 })).toHaveLength(400)
  })
})

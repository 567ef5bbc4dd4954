import { describe, expect, it } from 'vitest'
import { judged, keeps, queues } from './limits.mjs'

const POINT = { roundTripMs: 20, rateMbit: 5, lossPercent: 0 }
const RAW = { ping: { p50: 20, p99: 22 }, loadedPing: { p50: 400, p99: 500 } }

const met = (limits) => Object.fromEntries(Object.entries(limits).map(([name, { isMet }]) => [name, isMet]))
const own = (bulkRatio, p99) => ({ bulkRatio, ping: { p50: 20, p99: 22 }, loadedPing: { p50: 30, p99 } })

describe('limits over a path', () => {
  it('are met at their edge and missed beyond it', () => {
    expect(met(judged(POINT, own(0.95, 80), RAW))).toEqual({ bulk: true, queue: true, half: true })
    expect(met(judged(POINT, own(0.949, 80.1), RAW))).toEqual({ bulk: false, queue: false, half: true })
  })

  it('hold the half of raw only where raw queues', () => {
    const short = { ping: { p50: 20, p99: 22 }, loadedPing: { p50: 39, p99: 50 } }
    expect(queues(short)).toBe(false)
    expect(judged(POINT, own(1, 60), short)).not.toHaveProperty('half')
    const long = { ping: { p50: 20, p99: 22 }, loadedPing: { p50: 40, p99: 100 } }
    expect(met(judged(POINT, own(1, 50), long))).toMatchObject({ half: true })
    expect(met(judged(POINT, own(1, 50.1), long))).toMatchObject({ half: false })
  })

  it('ask for no bounded queue below 5 Mbit/s, and for one without a rate', () => {
    expect(judged({ ...POINT, rateMbit: 1 }, own(1, 1000), RAW)).not.toHaveProperty('queue')
    expect(met(judged({ ...POINT, rateMbit: 0 }, own(1, 1000), RAW))).toMatchObject({ queue: false })
  })

  it('say nothing of a contender that failed, nor by a raw that failed', () => {
    expect(judged(POINT, null, RAW)).toEqual({})
    expect(met(judged(POINT, own(undefined, 80), null))).toEqual({ queue: true })
  })

  it('keep nine tenths beside a transfer', () => {
    expect(keeps(27, 30).isMet).toBe(true)
    expect(keeps(26.9, 30).isMet).toBe(false)
  })
})

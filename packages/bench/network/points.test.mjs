import { describe, expect, it } from 'vitest'
import { EVERY_POINT, parsePoints, pathOf, pointName } from './points.mjs'

describe('points', () => {
  it('are a round trip, a rate and a loss', () => {
    expect(parsePoints('20/5/0,100/none/1.5')).toEqual([
      { roundTripMs: 20, rateMbit: 5, lossPercent: 0 },
      { roundTripMs: 100, rateMbit: 0, lossPercent: 1.5 },
    ])
  })

  it('have a * for all that are measured', () => {
    expect(parsePoints(EVERY_POINT)).toHaveLength(30)
    expect(parsePoints('100/*/1').map(pointName)).toEqual(['100/1/1', '100/5/1', '100/20/1', '100/100/1', '100/none/1'])
  })

  it('are read as they are named', () => {
    for (const point of parsePoints(EVERY_POINT)) expect(parsePoints(pointName(point))).toEqual([point])
  })

  it('give half of the round trip to each direction', () => {
    expect(pathOf({ roundTripMs: 100, rateMbit: 1, lossPercent: 1 })).toEqual({ delayMs: 50, rateMbit: 1, lossPercent: 1 })
  })

  it.each(['', '20', '20/5', '20/5/0/1', '-1/5/0', '20/fast/0', '20/5/100', '20/5/0,', '1e3/5/0'])('refuse %j', (text) => {
    expect(parsePoints(text)).toBeUndefined()
  })
})

import { expect, test } from 'vitest'
import { growth } from './growth.ts'

test('the same seed gives the same series', () => {
  expect(JSON.stringify(growth(1))).toBe(JSON.stringify(growth(1)))
})

for (const { roundTripMs, megabytesPerS, atMs, inFlightBytes, windowBytes } of growth(1).paths) {
  test(`${megabytesPerS} MB/s over ${roundTripMs} ms: time goes on, and at the end the path is full and the window holds it`, () => {
    const holdsBytes = roundTripMs * megabytesPerS * 1000
    expect(atMs).toEqual([...atMs].sort((a, b) => a - b))
    expect([inFlightBytes.length, windowBytes.length]).toEqual([atMs.length, atMs.length])
    expect(inFlightBytes.at(-1)).toBeGreaterThan(holdsBytes)
    expect(windowBytes.at(-1)).toBeGreaterThan(holdsBytes)
  })
}

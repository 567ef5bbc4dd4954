import { expect, test } from 'vitest'
import { pathStats } from './path-stats.ts'

const reports = (...all: { id: string; type: string; [member: string]: unknown }[]): RTCStatsReport =>
  new Map(all.map((report) => [report.id, report]))

const transport = { id: 'T', type: 'transport', selectedCandidatePairId: 'P' }
const pair = {
  id: 'P',
  type: 'candidate-pair',
  localCandidateId: 'L',
  remoteCandidateId: 'R',
  currentRoundTripTime: 0.0125,
  bytesSent: 10,
  bytesReceived: 20,
}
const unused = { ...pair, id: 'Q', localCandidateId: 'X', bytesSent: 99 }
const local = { id: 'L', type: 'local-candidate', candidateType: 'host' }
const remote = { id: 'R', type: 'remote-candidate', candidateType: 'srflx' }
const relay = { id: 'X', type: 'local-candidate', candidateType: 'relay' }

test('the pair in use, and no other', () => {
  expect(pathStats(reports(relay, unused, local, remote, pair, transport))).toEqual({
    path: 'direct',
    roundTripMs: 12.5,
    bytesSent: 10,
    bytesReceived: 20,
  })
})

test.each([
  ['ours', { ...local, candidateType: 'relay' }, remote],
  ['theirs', local, { ...remote, candidateType: 'relay' }],
])("a TURN server at either end makes it 'turn': %s", (_whose, ours, theirs) => {
  expect(pathStats(reports(ours, theirs, pair, transport))?.path).toBe('turn')
})

test('Firefox marks the pair, and reports no transport', () => {
  expect(pathStats(reports(unused, relay, local, remote, { ...pair, selected: true }))?.bytesSent).toBe(10)
})

test('before any check there is no round trip to tell of, and without a path nothing', () => {
  const { currentRoundTripTime: _, ...unchecked } = pair
  expect(pathStats(reports(local, remote, unchecked, transport))).toEqual({ path: 'direct', bytesSent: 10, bytesReceived: 20 })
  expect(pathStats(reports({ id: 'T', type: 'transport' }, local, remote, pair))).toBeUndefined()
  expect(pathStats(reports())).toBeUndefined()
})

import { expect, test } from 'vitest'
import { PathMeter } from './path-stats.ts'

type Report = { id: string; type: string; timestamp?: number; [member: string]: unknown }
const reports = (...all: Report[]): RTCStatsReport => new Map(all.map((report) => [report.id, { timestamp: 0, ...report }]))
const read = (...all: Report[]) => {
  const meter = new PathMeter()
  const stats = meter.read(reports(...all))
  return { ...stats, path: meter.path(undefined) }
}

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
const unused = { ...pair, id: 'Q', localCandidateId: 'X', currentRoundTripTime: 9, bytesSent: 0, bytesReceived: 0 }
const local = { id: 'L', type: 'local-candidate', candidateType: 'host' }
const remote = { id: 'R', type: 'remote-candidate', candidateType: 'srflx' }
const relay = { id: 'X', type: 'local-candidate', candidateType: 'relay' }

test('the pair in use, and no other', () => {
  expect(read(relay, unused, local, remote, pair, transport)).toEqual({
    path: 'direct',
    roundTripMs: 12.5,
    lossRatio: undefined,
    bytesSent: 10,
    bytesReceived: 20,
  })
})

test.each([
  ['ours', { ...local, candidateType: 'relay' }, remote],
  ['theirs', local, { ...remote, candidateType: 'relay' }],
])("a TURN server at either end makes it 'turn': %s", (_whose, ours, theirs) => {
  expect(read(ours, theirs, pair, transport).path).toBe('turn')
})

test('the candidate of a remote that was heard before it came is known by its port', () => {
  const heard = { ...remote, candidateType: 'prflx', port: 49_160 }
  const meter = new PathMeter()
  const path = () => meter.path(undefined)
  meter.read(reports(local, heard, pair, transport))
  expect(path()).toBe('direct')
  meter.named(49_161, true)
  meter.named(49_160, false)
  expect(path()).toBe('direct')
  meter.named(49_160, true)
  expect(path()).toBe('turn')
})

test("what the remote says of its end is certain, whatever its candidates are called; ours at a TURN server makes it 'turn' anyway", () => {
  const heard = { ...remote, candidateType: 'prflx', port: 49_160 }
  const meter = new PathMeter()
  expect(meter.path(true)).toBeUndefined()
  meter.read(reports(local, heard, pair, transport))
  expect([meter.path(true), meter.path(false), meter.path(undefined)]).toEqual(['turn', 'direct', 'direct'])
  meter.named(49_160, true)
  expect([meter.path(true), meter.path(false), meter.path(undefined)]).toEqual(['turn', 'direct', 'turn'])
  meter.read(reports({ ...local, candidateType: 'relay' }, heard, pair, transport))
  expect([meter.path(true), meter.path(false), meter.path(undefined)]).toEqual(['turn', 'turn', 'turn'])
})

test('our own end is known from the pair in use, where the browser says of what kind it is', () => {
  const meter = new PathMeter()
  const isAtTurn = (...all: Report[]) => {
    meter.read(reports(...all))
    return meter.isAtTurn
  }
  expect(isAtTurn(relay, unused, local, remote, pair, transport)).toBe(false)
  expect(isAtTurn({ ...local, candidateType: 'relay' }, remote, pair, transport)).toBe(true)
  expect(isAtTurn(remote, pair, transport)).toBeUndefined()
  meter.use({ type: 'relay', port: 1 }, { type: 'host', port: 2 })
  expect([meter.isAtTurn, meter.path(undefined)]).toEqual([true, 'turn'])
  expect(isAtTurn()).toBeUndefined()
})

test('older Firefox marks the pair, and reports no transport', () => {
  expect(read(unused, relay, local, remote, { ...pair, selected: true })).toMatchObject({ path: 'direct', roundTripMs: 12.5 })
})

test.each([
  [
    'node-datachannel: whole milliseconds, and as the total the last one',
    { currentRoundTripTime: 12, totalRoundTripTime: 12 },
    12,
  ],
  ['a path of two seconds', { currentRoundTripTime: 2, totalRoundTripTime: 5.5 }, 2_000],
  ['the first check of a path', { currentRoundTripTime: 0.25, totalRoundTripTime: 0.25 }, 250],
  ['less than a millisecond', { currentRoundTripTime: 0, totalRoundTripTime: 0 }, 0],
])('the round trip is in milliseconds: %s', (_name, measured, roundTripMs) => {
  expect(read(local, remote, { ...pair, ...measured }, transport).roundTripMs).toBe(roundTripMs)
})

test('before any check there is no round trip to tell of, and without a path there is none', () => {
  const { currentRoundTripTime: _, ...unchecked } = pair
  expect(read(local, remote, unchecked, transport)).toMatchObject({ path: 'direct', roundTripMs: undefined })
  expect(read({ id: 'T', type: 'transport' }, local, remote, pair)).toMatchObject({ path: undefined, bytesSent: 10 })
  expect(read()).toMatchObject({ path: undefined, roundTripMs: undefined, lossRatio: undefined, bytesSent: 0 })
})

test('bytes of a pair that went are not forgotten', () => {
  const meter = new PathMeter()
  meter.read(reports(transport, pair))
  const next = { ...pair, id: 'Q', bytesSent: 1, bytesReceived: 2 }
  expect(meter.read(reports({ ...transport, selectedCandidatePairId: 'Q' }, next))).toMatchObject({
    bytesSent: 11,
    bytesReceived: 22,
  })
  expect(meter.read(reports())).toMatchObject({ bytesSent: 11, bytesReceived: 22 })
})

const heard = (timestamp: number, packetsLost: number, packetsReceived: number, id = 'I'): Report => ({
  id,
  type: 'inbound-rtp',
  timestamp,
  packetsLost,
  packetsReceived,
})
const told = (timestamp: number, fractionLost?: number): Report => ({
  id: 'O',
  type: 'remote-inbound-rtp',
  timestamp,
  fractionLost,
})

test('loss of what comes is counted between readings that are a second apart', () => {
  const meter = new PathMeter()
  const lossRatio = (...all: Report[]) => meter.read(reports(...all)).lossRatio
  expect(lossRatio(heard(5_000, 0, 0))).toBeUndefined()
  expect(lossRatio(heard(6_000, 10, 90))).toBe(0.1)
  // Whoever asks at once again gets what was counted before.
  expect(lossRatio(heard(6_999, 10, 100))).toBe(0.1)
  expect(lossRatio(heard(7_000, 10, 190))).toBe(0)
  // A late packet is no longer lost.
  expect(lossRatio(heard(8_000, 5, 290))).toBe(0)
  // Another track comes, then the first one goes.
  expect(lossRatio(heard(9_000, 5, 340), heard(9_000, 50, 0, 'J'))).toBe(0.5)
  expect(lossRatio(heard(10_000, 50, 100, 'J'))).toBe(0)
  // Nothing has come, so nothing is known.
  expect(lossRatio(heard(11_000, 50, 100, 'J'))).toBeUndefined()
})

test('loss of what goes is what the other side says, while it is news', () => {
  expect(read(told(5_000, 0.25)).lossRatio).toBe(0.25)
  expect(read(told(5_000)).lossRatio).toBeUndefined()
  expect(read(told(5_000, 0.25), { ...pair, timestamp: 15_000 }).lossRatio).toBe(0.25)
  expect(read(told(5_000, 0.25), { ...pair, timestamp: 15_001 }).lossRatio).toBeUndefined()
})

test('the worse direction counts', () => {
  expect(read(told(5_000, 0.25), heard(5_000, 1, 9)).lossRatio).toBe(0.25)
  expect(read(told(5_000, 0.05), heard(5_000, 1, 9)).lossRatio).toBe(0.1)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mutations } from '../../../test-kit/src/mutations.ts'
import { KithError } from '../errors.ts'
import { FRAME_MAX_BYTES, PACK_MAX_BYTES } from '../limits.ts'
import type { Bytes } from '../machine.ts'
import { encodeAck, encodeDataHeader, encodeFin } from './frames.ts'
import { Packing, unpackMessage } from './packing.ts'

const SEED = Number(process.env.KITH_SEED ?? 1)
const SLOW_MS = 50
const FUZZ = Number(process.env.KITH_FUZZ ?? 20_000)

/** What the packing took, as a message. */
function packed(frames: readonly Uint8Array<ArrayBuffer>[], maxBytes = PACK_MAX_BYTES) {
  const packing = new Packing(maxBytes)
  const taken = frames.filter((frame) => packing.add(frame))
  return { taken, message: packing.finish() }
}

test('byte by byte: an acknowledgement of 5 frames on lane 3, and a FIN of stream 1', () => {
  const { message } = packed([encodeAck(3, 5), encodeFin(1)])
  // 0: no stream's; 9: several; 4 bytes: 0, 10 ACK, lane 3, count 5; 2 bytes: stream 1, 6 FIN
  expect(Array.from(message ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('')).toBe('000904000a0305020106')
})

test('a frame alone goes as it is', () => {
  const frame = encodeFin(7)
  expect(packed([frame]).message).toBe(frame)
  expect(unpackMessage(frame)).toEqual([frame])
  expect(packed([]).message).toBeUndefined()
})

test('what was packed comes back, in buffers of their own', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 2, maxLength: 1024 }), { minLength: 2, maxLength: 40 }), (arrays) => {
      const frames = arrays.map((bytes) => Uint8Array.from([1, ...bytes.subarray(1)]))
      const { taken, message } = packed(frames)
      if (message === undefined || taken.length < 2) return
      const unpacked = unpackMessage(message)
      expect(unpacked).toEqual(taken)
      expect(new Set(unpacked.map(({ buffer }) => buffer)).size).toBe(taken.length)
      expect(message.length).toBeLessThanOrEqual(PACK_MAX_BYTES)
    }),
  )
})

test('the message is full at its limit, not before', () => {
  const frame = new Uint8Array(98).fill(1)
  const exactly = 2 + 3 * (1 + 98)
  expect(packed([frame, frame, frame], exactly).taken.length).toBe(3)
  expect(packed([frame, frame, frame], exactly - 1).taken.length).toBe(2)
})

test('cut short or too long: a violation', () => {
  const { message } = packed([encodeFin(1), encodeFin(3)])
  if (message === undefined) throw new Error('nothing was packed')
  expect(() => unpackMessage(message.subarray(0, -1))).toThrow(KithError)
  expect(unpackMessage(new Uint8Array(FRAME_MAX_BYTES)).length).toBe(1)
  expect(() => unpackMessage(new Uint8Array(FRAME_MAX_BYTES + 1))).toThrow(KithError)
})

test(`${FUZZ} damaged messages: frames or a violation, and soon (seed ${SEED})`, () => {
  const data = Uint8Array.from([...encodeDataHeader(5), 1, 2, 3])
  const corpus = [packed([encodeAck(2, 900), data, encodeFin(5)]).message ?? data, packed([data, data]).message ?? data]
  const unpackMs = (damaged: Bytes): number => {
    const before = performance.now()
    try {
      const frames = unpackMessage(damaged)
      expect(frames.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(damaged.length)
    } catch (error) {
      if (!(error instanceof KithError)) throw error
    }
    return performance.now() - before
  }
  for (const damaged of mutations(SEED, corpus, FUZZ)) {
    // Slow once may be a busy machine, slow twice is slow.
    if (unpackMs(damaged) >= SLOW_MS) expect(unpackMs(damaged)).toBeLessThan(SLOW_MS)
  }
})

import { KithError, LABEL_MAX_LENGTH, LABELS_MAX, pack } from '@kith/protocol'
import { expect, test } from 'vitest'
import { mutations } from '../../../../test-kit/src/mutations.ts'
import {
  decodeStreamMessage,
  encodeStreamMessage,
  parseStreamName,
  STREAM_MESSAGE_MAX_BYTES,
  type StreamMessage,
  streamName,
} from './stream-messages.ts'

const MESSAGES: StreamMessage[] = [
  { type: 'label', n: 0, label: 'camera' },
  { type: 'label', n: LABELS_MAX - 1, label: '€'.repeat(LABEL_MAX_LENGTH) },
  { type: 'accept' },
  { type: 'decline' },
]

test('what is said is heard, and fits', () => {
  for (const message of MESSAGES) {
    const bytes = encodeStreamMessage(message)
    expect(decodeStreamMessage(bytes)).toEqual(message)
    expect(bytes.length).toBeLessThanOrEqual(STREAM_MESSAGE_MAX_BYTES)
  }
  expect([...encodeStreamMessage({ type: 'label', n: 1, label: 'a' })]).toEqual([0x93, 1, 1, 0xa1, 0x61])
})

test('what is not a message is a violation', () => {
  for (const value of [[], [0], [4], [1, LABELS_MAX, 'a'], [1, 0, 'a'.repeat(LABEL_MAX_LENGTH + 1)], [1, 'a', 0], 2]) {
    expect(() => decodeStreamMessage(pack(value))).toThrow(expect.objectContaining({ code: 'peer-violation' }))
  }
})

const COUNT = Number(process.env.KITH_FUZZ ?? 20000)
test(`${COUNT} damaged messages: a message or a violation (seed 1)`, () => {
  for (const bytes of mutations(1, MESSAGES.map(encodeStreamMessage), COUNT)) {
    try {
      decodeStreamMessage(bytes)
    } catch (error) {
      if (!(error instanceof KithError)) throw error
      expect(error.code).toBe('peer-violation')
    }
  }
})

test('the names of MediaStreams say whose they are', () => {
  expect(parseStreamName(streamName(5, 31))).toEqual({ streamId: 5, n: 31 })
  for (const name of ['', '-', '5', '5.', '.1', '05.1', '5.1.1', '5.123', '5.-1', '0.1', `${'9'.repeat(17)}.1`]) {
    expect(parseStreamName(name)).toBeUndefined()
  }
})

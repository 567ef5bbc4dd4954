import { decodeFrame, Reader, Session, type SessionConfig, unpack, unpackMessage } from '@kith/protocol'
import { expect, test } from 'vitest'
import { run } from './run.ts'
import { scenarios } from './scenarios/index.ts'

/** Types of frames and of control messages that builds without features know. */
const FRAMES = new Set([1, 2, 3, 4, 5, 6, 7, 8, 10, 11])
const CONTROL = new Set([1, 2, 3, 4, 5, 7, 8, 9, 10])

/** What such a build would take for a violation, by its own rules. */
function unknown(lane: string, message: Uint8Array<ArrayBuffer>): string | undefined {
  if (lane === 'datagrams') return undefined
  if (lane === 'control') {
    const fields = unpack(message) as unknown[]
    const isKnown = CONTROL.has(fields[0] as number) && (fields[0] !== 9 || fields.length === 3)
    return isKnown ? undefined : `control message ${fields}`
  }
  for (const bytes of unpackMessage(message)) {
    const reader = new Reader(bytes)
    reader.varint()
    const type = reader.u8()
    if (!FRAMES.has(type)) return `frame ${type}`
    const frame = decodeFrame(bytes)
    if (frame.type === 'open' && frame.header.protocols.length !== 1) return 'an OPEN of several protocols'
  }
  return undefined
}

// What unread streams do to such a build is what its successors mend; over another path it cannot go on.
const played = scenarios.filter(
  ({ name, everyRounds = 1, pathsDie }) => everyRounds === 1 && name !== 'unread' && pathsDie === undefined,
)

test.each([0, 1] as const)(
  'a build without features at end %i: no rule is broken, and it is sent nothing that it does not know',
  (old) => {
    const createSession = (config: SessionConfig) =>
      new Session(config.role === old ? { ...config, features: [] } : { ...config, resumes: true })
    for (const scenario of played) {
      for (let seed = 1; seed <= 20; seed++) {
        const strange: string[] = []
        const onMessage = (message: Uint8Array<ArrayBuffer>, _from: 0 | 1, lane: string) => {
          const what = unknown(lane, message)
          if (what !== undefined) strange.push(what)
        }
        expect(run(scenario, seed, { createSession, onMessage }).violations).toEqual([])
        expect(strange).toEqual([])
      }
    }
  },
)

/**
 * Seeded damage to well-formed messages. A decoder that is fed pure noise is refused at its first byte; a message that is nearly
 * right reaches the code behind. The same seed gives the same bytes on every machine.
 */
import type { Bytes } from '@kith/protocol'
import { type SeededRandom, seededRandom } from './random.ts'

/** Bytes at which decoders branch: signs, lengths at their limits, msgpack and varint headers. */
const TELLING = [0x00, 0x01, 0x7f, 0x80, 0x81, 0x90, 0xc0, 0xc1, 0xc4, 0xc6, 0xdd, 0xdf, 0xfe, 0xff]

/**
 * `count` damaged copies of messages from `corpus`, each with one to four injuries out of: a bit flipped, a byte replaced by a
 * telling one, truncated, extended, the head of one spliced to the tail of another, a run inserted, a run repeated. Each is in an
 * ArrayBuffer of its own; the corpus is left as it was. Rarely, one comes out unharmed.
 */
export function* mutations(seed: number, corpus: readonly Uint8Array[], count: number): Generator<Bytes, void, void> {
  if (corpus.length === 0) throw new RangeError('mutations need a corpus')
  const random = seededRandom(seed)
  const anyOf = () => corpus[random.below(corpus.length)] ?? new Uint8Array(0)
  for (let made = 0; made < count; made++) {
    let bytes: Bytes = new Uint8Array(anyOf())
    for (let injuries = 1 + random.below(4); injuries > 0; injuries--) bytes = injure(bytes, anyOf(), random)
    yield bytes
  }
}

function injure(bytes: Bytes, other: Uint8Array, random: SeededRandom): Bytes {
  const at = random.below(bytes.length + 1)
  switch (random.below(7)) {
    case 0:
      return replaced(bytes, at, (old) => old ^ (1 << random.below(8)))
    case 1:
      return replaced(bytes, at, () => TELLING[random.below(TELLING.length)] ?? 0)
    case 2:
      return bytes.slice(0, at)
    case 3:
      return joined(bytes, random(1 + random.below(32)))
    case 4:
      return joined(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)))
    case 5:
      return joined(bytes.subarray(0, at), random(1 + random.below(8)), bytes.subarray(at))
    default: {
      const end = Math.min(bytes.length, at + 1 + random.below(16))
      return joined(bytes.subarray(0, end), bytes.subarray(at))
    }
  }
}

function replaced(bytes: Bytes, at: number, change: (old: number) => number): Bytes {
  const old = bytes[at]
  if (old !== undefined) bytes[at] = change(old)
  return bytes
}

function joined(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let length = 0
  for (const part of parts) {
    whole.set(part, length)
    length += part.length
  }
  return whole
}

/**
 * How long `attempt` takes by `nowMs`; when more than `boundMs`, the least of ten tries. An input that is slow to decode is slow
 * each time; a machine that was busy is not.
 */
export async function leastDurationMs(attempt: () => unknown, nowMs: () => number, boundMs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 10 && least > boundMs; tries++) {
    const start = nowMs()
    await attempt()
    least = Math.min(least, nowMs() - start)
  }
  return least
}

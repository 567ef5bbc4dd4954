/** Randomness that can be replayed: the same seed gives the same numbers on every machine. Never for keys outside tests. */
import type { Bytes, Random } from '@kith/protocol'

/** Called with a length, it gives so many bytes. */
export interface SeededRandom extends Random {
  /** A whole number, 0 ≤ n < 2³². */
  next32(): number
  /** 0 ≤ x < 1. */
  next(): number
  /** A whole number, 0 ≤ n < limit. */
  below(limit: number): number
  /** low ≤ x < high. */
  between(low: number, high: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** By weight: `{ write: 5, reset: 1 }` gives 'write' five times out of six. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K
}

/** xoshiro128** (Blackman and Vigna 2018), its state filled by splitmix32 so that near seeds give unlike sequences. */
export function seededRandom(seed: number): SeededRandom {
  let filler = seed | 0
  const fill = () => {
    filler = (filler + 0x9e3779b9) | 0
    let mixed = filler ^ (filler >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return mixed ^ (mixed >>> 15)
  }
  let [a, b, c, d] = [fill(), fill(), fill(), fill()]

  const next32 = () => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }
  const bytes = (length: number): Bytes => {
    const filled = new Uint8Array(length)
    for (let i = 0; i < length; i++) filled[i] = next32() >>> 24
    return filled
  }
  const next = () => next32() / 0x1_0000_0000
  const below = (limit: number) => Math.floor(next() * limit)
  return Object.assign(bytes, {
    next32,
    next,
    below,
    between: (low: number, high: number) => low + next() * (high - low),
    chance: (probability: number) => next() < probability,
    pick: <T>(items: readonly T[]) => items[below(items.length)] as T,
    weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
      const entries = Object.entries(weights) as [K, number][]
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [key, weight] of entries) {
        left -= weight
        if (left < 0) return key
      }
      return (entries[entries.length - 1] as [K, number])[0]
    },
  })
}

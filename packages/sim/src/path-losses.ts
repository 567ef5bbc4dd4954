/**
 * Paths that die. Nothing says so: what is on its way is lost, and both ends go on sending until each finds out in its own time.
 * When both have, another path follows.
 */
import type { VirtualClock } from '../../test-kit/src/clock.ts'
import type { SeededRandom } from '../../test-kit/src/random.ts'

/** How long it takes an end to find out, and then until there is another path; at most. */
const FINDS_OUT_MS = 200
const NEXT_MS = 100

export interface PathLossesConfig {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  /** Of each path that dies, after how many messages of both ends. */
  readonly boundaries: readonly number[]
  readonly dies: () => void
  readonly detaches: (role: 0 | 1) => void
  readonly next: () => void
}

export class PathLosses {
  readonly #config: PathLossesConfig
  readonly #left: number[]
  #messages = 0
  #isDead = false
  /** Paths that died. */
  count = 0

  constructor(config: PathLossesConfig) {
    this.#config = config
    this.#left = [...config.boundaries]
  }

  /** A message is about to leave; where the path dies at it, it is lost as well. */
  sent(): void {
    const boundary = this.#left[0]
    if (this.#isDead || boundary === undefined || this.#messages++ < boundary) return
    this.#left.shift()
    this.#messages = 0
    this.#isDead = true
    this.count += 1
    const { clock, random, dies, detaches, next } = this.#config
    dies()
    const foundAt = [0, 1].map(() => clock.now + random.between(0, FINDS_OUT_MS)) as [number, number]
    clock.at(foundAt[0], () => detaches(0))
    clock.at(foundAt[1], () => detaches(1))
    clock.at(Math.max(...foundAt) + random.between(0, NEXT_MS), () => {
      this.#isDead = false
      next()
    })
  }
}

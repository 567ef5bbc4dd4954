import type { VirtualClock } from '../../../test-kit/src/clock.ts'
import type { SeededRandom } from '../../../test-kit/src/random.ts'
import type { NetworkModel, RelayHost } from './relay-host.ts'
import type { Tab } from './tab.ts'

/** What a scenario may do. */
export interface DialWorld {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly relays: readonly RelayHost[]
  /** Tabs of a person: all tabs of one person are found at the same addresses. */
  tabs(person: string, count: number): readonly Tab[]
  /** All of these know each other's PeerId. */
  introduce(...tabs: readonly Tab[]): void
}

export interface DialScenario {
  readonly name: string
  readonly relays: number
  readonly network: NetworkModel | ((random: SeededRandom) => NetworkModel)
  /** Whether what is negotiated becomes a connection. */
  readonly hasPaths: boolean
  /** Of each want. */
  readonly timeoutMs: number
  /** Wants begin in this time. */
  readonly lastsMs: number
  /** Codes of errors that a want may end with; none: each connects. */
  readonly mayFail: readonly string[]
  readonly act: (world: DialWorld) => void
}

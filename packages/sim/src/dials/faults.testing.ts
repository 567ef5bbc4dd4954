/** For tests: dialers that break one rule each, as a mistake in them would, to see whether the simulator finds it. */
import { Dialer, type DialInput, type DialOutput, type DialPeer } from '@kith/protocol'

type Config = ConstructorParameters<typeof Dialer>[0]

/** Changes what comes out of an honest one. */
abstract class Changed extends Dialer {
  protected abstract change(output: DialOutput): DialOutput | undefined

  override poll(): DialOutput | undefined {
    for (let output = super.poll(); output !== undefined; output = super.poll()) {
      const changed = this.change(output)
      if (changed) return changed
    }
    return undefined
  }
}

/** Changes what it says of the other end. */
abstract class Mistakes extends Changed {
  protected abstract mistake(peer: DialPeer): DialPeer

  protected override change(output: DialOutput): DialOutput {
    if (output.type === 'answered') return { ...output, peer: this.mistake(output.peer) }
    return output.type === 'describe' && output.peer ? { ...output, peer: this.mistake(output.peer) } : output
  }
}

/** Says that it is connected to itself. */
class NamesAnother extends Mistakes {
  readonly #config: Config

  constructor(config: Config, now: number) {
    super(config, now)
    this.#config = config
  }

  protected override mistake(peer: DialPeer): DialPeer {
    return { ...peer, id: this.#config.id }
  }
}

/** Takes another tab for the one that it reached. */
class NamesAnotherTab extends Mistakes {
  protected override mistake(peer: DialPeer): DialPeer {
    return { ...peer, instance: new Uint8Array(16) }
  }
}

/** Derives a key of its own to confirm the path with. */
class BindsAnotherKey extends Mistakes {
  protected override mistake(peer: DialPeer): DialPeer {
    return { ...peer, bindKey: peer.role === 0 ? peer.bindKey.slice().reverse() : peer.bindKey }
  }
}

/** Says nothing of dials that fail. */
class SwallowsErrors extends Changed {
  protected override change(output: DialOutput): DialOutput | undefined {
    return output.type === 'ended' ? undefined : output
  }
}

/** Keeps its reply addresses. */
class KeepsAddresses extends Changed {
  protected override change(output: DialOutput): DialOutput | undefined {
    return output.type === 'unbind' ? undefined : output
  }
}

/** Does not know what time it is. */
class ForgetsTime extends Dialer {
  override deadline(): undefined {
    return undefined
  }
}

/** Says a knock once. */
class NeverResends extends Changed {
  readonly #sent = new Set<string>()

  protected override change(output: DialOutput): DialOutput | undefined {
    if (output.type !== 'send') return output
    const name = `${output.to.join()} ${output.envelope.subarray(0, 32).join()}`
    if (this.#sent.has(name)) return undefined
    this.#sent.add(name)
    return output
  }
}

/** Offers to those who were refused. */
class IgnoresRefusals extends Dialer {
  readonly #config: Config

  constructor(config: Config, now: number) {
    super(config, now)
    this.#config = config
  }

  override handle(input: DialInput, now: number): void {
    const isRefusal = input.type === 'verdict' && input.verdict.type === 'silence'
    const verdict = { type: 'offer', replyAddress: this.#config.random(32) } as const
    super.handle(isRefusal ? { ...input, verdict } : input, now)
  }
}

/** Added to what the second machine names, so that both can be told apart. */
const SECOND = 1_000_000

/** Its dials and those of others do not know of each other: two that cross both go on. */
class IgnoresGlare extends Dialer {
  readonly #second: Dialer

  constructor(config: Config, now: number) {
    super(config, now)
    this.#second = new Dialer(config, now)
  }

  override handle(input: DialInput, now: number): void {
    if ('work' in input && input.work >= SECOND) this.#second.handle({ ...input, work: input.work - SECOND }, now)
    else if (input.type === 'knocked' || ('dial' in input && input.dial < 0)) this.#second.handle(input, now)
    else if (input.type === 'tick') {
      this.#second.handle(input, now)
      super.handle(input, now)
    } else super.handle(input, now)
  }

  override poll(): DialOutput | undefined {
    const output = this.#second.poll()
    if (output === undefined) return super.poll()
    if (!('work' in output)) return output
    const work = output.work + SECOND
    if (output.type === 'sign') return { ...output, work }
    if (output.type === 'draw') return { ...output, work, key: output.key + SECOND }
    return { ...output, work, key: output.key === 'static' ? 'static' : output.key + SECOND }
  }

  override deadline(): number | undefined {
    const deadlines = [super.deadline(), this.#second.deadline()].filter((at) => at !== undefined)
    return deadlines.length === 0 ? undefined : Math.min(...deadlines)
  }
}

export interface DialFault {
  readonly rule: string
  readonly broken: new (config: Config, now: number) => Dialer
  readonly scenario: string
  /** What the simulator says of it. */
  readonly found: RegExp
}

export const DIAL_FAULTS: readonly DialFault[] = [
  { rule: 'of two dials that cross one goes on', broken: IgnoresGlare, scenario: 'glare', found: /two connections between/ },
  { rule: 'a connection is with the one who was dialled', broken: NamesAnother, scenario: 'one', found: /to the wrong peer/ },
  { rule: 'a connection is with the tab that answered', broken: NamesAnotherTab, scenario: 'crowd', found: /to the wrong peer/ },
  { rule: 'both ends confirm with one key', broken: BindsAnotherKey, scenario: 'one', found: /that is not confirmed/ },
  { rule: 'a dial that fails says so', broken: SwallowsErrors, scenario: 'refused', found: /failed with 'timeout'/ },
  { rule: 'nothing is left of a dial', broken: KeepsAddresses, scenario: 'one', found: /is left at the end/ },
  { rule: 'a dial ends in time', broken: ForgetsTime, scenario: 'refused', found: /outlives its 15000 ms/ },
  { rule: 'what is lost is sent again', broken: NeverResends, scenario: 'lossy', found: /failed with 'no-answer'/ },
  { rule: 'a refusal is silence', broken: IgnoresRefusals, scenario: 'refused', found: /'describe' for no dial/ },
]

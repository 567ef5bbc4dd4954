/** Applications that do whatever comes to their minds: no figures, but no order of events that cannot happen either. */
import { DATAGRAM_MAX_BYTES, type ProtocolName } from '@kith/protocol'
import type { SeededRandom } from '../../../test-kit/src/random.ts'
import type { AppStream } from '../app-stream.ts'
import type { Endpoint } from '../endpoint.ts'
import { PROTOCOLS } from '../protocols.ts'
import type { Workload } from '../scenario.ts'

const PRIORITIES = [-1, 0, 0, 0, 1, 5]

/** Weights of what the other end does with a stream. */
const ACCEPTORS = { reads: 15, echoes: 3, refuses: 1 } as const

/** What the applications may do next. Weights, relative to each other. */
export interface ActionWeights {
  readonly open: number
  readonly write: number
  readonly finish: number
  readonly reset: number
  readonly abort: number
  readonly stop: number
  /** A reader stops reading; another `pause` lets it go on. */
  readonly pause: number
  /** What is served changes. */
  readonly serve: number
  /** A handful of datagrams, on a flow that is opened where there is none. */
  readonly datagrams: number
}

export interface AnythingOptions {
  readonly actions: number
  readonly betweenActionsMs: number
  readonly weights: ActionWeights
  /** A write is at most so many bytes. */
  readonly writeBytes: number
}

export function anything(options: AnythingOptions): Workload {
  return ({ clock, random, dialler, callee, nextKey }) => {
    let left = options.actions
    const act = () => {
      left -= 1
      doSomething(options, random, random.chance(0.5) ? dialler : callee, nextKey)
      if (left > 0) clock.at(clock.now + random.between(0, 2 * options.betweenActionsMs), act)
    }
    clock.at(clock.now, act)
    return () => left === 0
  }
}

function doSomething({ weights, writeBytes }: AnythingOptions, random: SeededRandom, end: Endpoint, nextKey: () => number): void {
  const live = end.live.filter(({ sending, reading }) => sending === 'open' || reading === 'open')
  const action = live.length === 0 ? 'open' : random.weighted(weights)
  const protocols = (): ProtocolName[] => [random.pick(PROTOCOLS), random.pick(PROTOCOLS)]
  switch (action) {
    case 'open': {
      const plan = { key: nextKey(), acceptor: random.weighted(ACCEPTORS) }
      const opened = end.open(plan, { protocols: protocols(), priority: random.pick(PRIORITIES) })
      if (opened !== undefined && random.chance(0.7)) end.write(opened, random.below(writeBytes))
      return
    }
    case 'serve':
      end.give({ type: 'serve', served: [[0, PROTOCOLS.filter(() => random.chance(0.7))]] })
      return
    case 'datagrams': {
      const flow =
        live.find(({ isFlow }) => isFlow) ??
        end.open({ key: nextKey() }, { kind: 'datagrams', protocols: protocols(), priority: 1 })
      if (flow === undefined) return
      for (let count = random.below(20); count > 0; count--) end.sendDatagram(flow, random.below(DATAGRAM_MAX_BYTES + 1))
      return
    }
    default:
      doToStream(action, end, random.pick(live), 1 + random.below(writeBytes))
  }
}

function doToStream(
  action: 'write' | 'finish' | 'reset' | 'abort' | 'stop' | 'pause',
  end: Endpoint,
  stream: AppStream,
  writeBytes: number,
): void {
  switch (action) {
    case 'write':
      if (!stream.isFlow) end.write(stream, writeBytes)
      return
    case 'finish':
      end.finish(stream)
      return
    case 'reset':
      end.reset(stream)
      return
    case 'abort':
      end.abort(stream)
      return
    case 'stop':
      end.stop(stream)
      return
    case 'pause':
      end.pause(stream, !stream.isPaused)
  }
}

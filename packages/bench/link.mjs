// What is measured on one connection, the same for every contender. Each group gives its measures' values for one round.
import { median, quantile } from './statistics.mjs'

const MIB = 1024 * 1024
const BULK_BYTES = 32 * MIB
const MESSAGE_BYTES = 64 * 1024
const PINGS = 500
const PING_BYTES = 64
const OPENS = 20
/** Long enough for some 80 round trips of 20 ms. */
const LOADED_BYTES = 64 * MIB
/** Nothing is begun after so long, so that a slow path bounds a round and not the other way round: then what was sent counts. */
const STEP_MS = 8000
const DATAGRAM_BYTES = 1100
const DATAGRAMS_MS = 1000
/** No datagram for so long: no more will come. Over a path, longer than its round trip and the queue before it. */
const QUIET_MS = 300
const PATH_QUIET_MS = 1500
const STREAMS = 100
const STREAMS_MS = 30_000
/** Over a path the streams share what a transfer showed that it carries in so long: 100 MiB would take a slow one many minutes. */
const PATH_STREAMS_MS = 6000
const PATH_PROBE_MS = 2000
const PATH_MESSAGE_BYTES = 4 * 1024

/**
 * Of a group, `every`: measured in every so manieth round, since it takes long. `round` gets the ends, and `samples(name, values)` for a
 * distribution over all rounds, and whether they are joined by a path (`isPath`).
 */
export const LINK = {
  bulk: {
    units: { bulk: 'MB/s' },
    async round({ dialler }) {
      const load = { bytes: BULK_BYTES, durationMs: STEP_MS, messageBytes: MESSAGE_BYTES }
      return { bulk: megabytesPerSecond(await dialler.measure('bulk', load)) }
    },
  },
  ping: {
    units: { ping_p50: 'ms', ping_p99: 'ms' },
    async round({ dialler }) {
      const elapsedMs = await dialler.measure('pings', { times: PINGS, durationMs: STEP_MS, bytes: PING_BYTES })
      return { ping_p50: median(elapsedMs), ping_p99: quantile(elapsedMs, 0.99) }
    },
  },
  open: {
    units: { open: 'ms' },
    round: async ({ dialler }) => ({ open: median(await dialler.measure('opens', { times: OPENS, durationMs: STEP_MS })) }),
  },
  loaded: {
    every: 3,
    units: { loaded_ping_p50: 'ms', loaded_ping_p99: 'ms', loaded_bulk: 'MB/s' },
    async round({ dialler }, { bytes = LOADED_BYTES, samples }) {
      const load = { bytes, durationMs: STEP_MS, messageBytes: MESSAGE_BYTES }
      const { result: elapsedMs, bulk } = await dialler.measure('loadedPings', { bytes: PING_BYTES, load })
      samples('loaded_ping', elapsedMs)
      return {
        loaded_ping_p50: median(elapsedMs),
        loaded_ping_p99: quantile(elapsedMs, 0.99),
        loaded_bulk: megabytesPerSecond(bulk),
      }
    },
  },
  datagrams: {
    every: 3,
    units: { datagrams: '/s', datagrams_loss: '' },
    can: ({ dialler }) => dialler.evaluate(({ datagrams }) => datagrams !== undefined),
    async round({ dialler, callee }, { isPath }) {
      const sent = await dialler.evaluate(
        async (end, options) => {
          const { flow, sent } = await window.measures.datagrams(end, options)
          end.flow = flow
          return sent
        },
        { durationMs: DATAGRAMS_MS, bytes: DATAGRAM_BYTES },
      )
      const settle = { sent, quietMs: isPath ? PATH_QUIET_MS : QUIET_MS }
      const { received, elapsedMs } = await callee.evaluate((end, settle) => end.datagrams.settled(settle), settle)
      await dialler.evaluate(({ flow }) => flow.close())
      return { datagrams: received / (elapsedMs / 1e3), datagrams_loss: 1 - received / sent }
    },
  },
  streams: {
    every: 3,
    units: { streams100: 'ms', streams100_one: 'ms', streams100_ratio: '' },
    can: ({ dialler }) => dialler.evaluate(({ hasStreams }) => hasStreams),
    async round({ dialler }, { isPath }) {
      const messageBytes = isPath ? PATH_MESSAGE_BYTES : MESSAGE_BYTES
      const bytes = isPath ? await streamBytes(dialler) : MIB
      const limits = { durationMs: STREAMS_MS, messageBytes }
      // What was less, or cut short, would have taken so much longer.
      const whole = ({ sent, elapsedMs }) => (elapsedMs * STREAMS * MIB) / sent
      const many = whole(await dialler.measure('streams', { count: STREAMS, bytes, ...limits }))
      const one = whole(await dialler.measure('streams', { count: 1, bytes: STREAMS * bytes, ...limits }))
      return { streams100: many, streams100_one: one, streams100_ratio: many / one }
    },
  },
}

export const megabytesPerSecond = ({ sent, elapsedMs }) => sent / 1e6 / (elapsedMs / 1e3)

/** What each of the streams sends over a path: whole messages, 1 MiB at most. */
async function streamBytes(dialler) {
  const { sent, elapsedMs } = await dialler.measure('bulk', { durationMs: PATH_PROBE_MS, messageBytes: MESSAGE_BYTES })
  const each = ((sent / elapsedMs) * PATH_STREAMS_MS) / STREAMS
  return Math.min(MIB, Math.max(1, Math.floor(each / PATH_MESSAGE_BYTES)) * PATH_MESSAGE_BYTES)
}

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
const DATAGRAM_BYTES = 1100
const DATAGRAMS_MS = 1000
/** No datagram for so long: no more will come. */
const QUIET_MS = 300
const STREAMS = 100

/** @typedef `every`: measured in every so manieth round, since it takes long */
export const LINK = {
  bulk: {
    units: { bulk: 'MB/s' },
    async round({ dialler }) {
      const bulkMs = await dialler.measure('bulk', { bytes: BULK_BYTES, messageBytes: MESSAGE_BYTES })
      return { bulk: megabytesPerSecond(BULK_BYTES, bulkMs) }
    },
  },
  ping: {
    units: { ping_p50: 'ms', ping_p99: 'ms' },
    async round({ dialler }) {
      const elapsedMs = await dialler.measure('pings', { times: PINGS, bytes: PING_BYTES })
      return { ping_p50: median(elapsedMs), ping_p99: quantile(elapsedMs, 0.99) }
    },
  },
  open: {
    units: { open: 'ms' },
    round: async ({ dialler }) => ({ open: median(await dialler.measure('opens', { times: OPENS })) }),
  },
  loaded: {
    every: 3,
    units: { loaded_ping_p50: 'ms', loaded_ping_p99: 'ms', loaded_bulk: 'MB/s' },
    async round({ dialler }, { bytes = LOADED_BYTES, samples }) {
      const load = { bytes, messageBytes: MESSAGE_BYTES, pingBytes: PING_BYTES }
      const { elapsedMs, bulkMs } = await dialler.measure('loadedPings', load)
      samples('loaded_ping', elapsedMs)
      return {
        loaded_ping_p50: median(elapsedMs),
        loaded_ping_p99: quantile(elapsedMs, 0.99),
        loaded_bulk: megabytesPerSecond(bytes, bulkMs),
      }
    },
  },
  datagrams: {
    every: 3,
    units: { datagrams: '/s', datagrams_loss: '' },
    can: ({ dialler }) => dialler.evaluate(({ datagrams }) => datagrams !== undefined),
    async round({ dialler, callee }) {
      const sent = await dialler.evaluate(
        async (end, options) => {
          const { flow, sent } = await window.measures.datagrams(end, options)
          end.flow = flow
          return sent
        },
        { durationMs: DATAGRAMS_MS, bytes: DATAGRAM_BYTES },
      )
      const settle = { sent, quietMs: QUIET_MS }
      const { received, elapsedMs } = await callee.evaluate((end, settle) => end.datagrams.settled(settle), settle)
      await dialler.evaluate(({ flow }) => flow.close())
      return { datagrams: received / (elapsedMs / 1e3), datagrams_loss: 1 - received / sent }
    },
  },
  streams: {
    every: 3,
    units: { streams100: 'ms', streams100_one: 'ms', streams100_ratio: '' },
    can: ({ dialler }) => dialler.evaluate(({ hasStreams }) => hasStreams),
    async round({ dialler }) {
      const many = await dialler.measure('streams', { count: STREAMS, bytes: MIB, messageBytes: MESSAGE_BYTES })
      const one = await dialler.measure('streams', { count: 1, bytes: STREAMS * MIB, messageBytes: MESSAGE_BYTES })
      return { streams100: many, streams100_one: one, streams100_ratio: many / one }
    },
  },
}

const megabytesPerSecond = (bytes, elapsedMs) => bytes / 1e6 / (elapsedMs / 1e3)

// What is measured, the same for every contender. Each function returns one value per measure for one round.
import { median, quantile } from './statistics.mjs'

const BULK_BYTES = 32 * 1024 * 1024
const BULK_MESSAGE_BYTES = 64 * 1024
const PINGS = 500
const PING_BYTES = 64
const OPENS = 20

/**
 * A contender answers 5 knocks a second after a burst of 20 (its defence against floods), so rounds keep some distance; the raw
 * one rests as long.
 */
const BETWEEN_DIALS_MS = 250

export const BENCHES = {
  connect: {
    rounds: 30,
    units: { connect_warm: 'ms' },
    prepare: async () => undefined,
    /** From the wish to talk to the first byte that came back; contacts known, sockets open. */
    async round({ dialler, callee }) {
      const dialledMs = await dialler.evaluate(async (contender) => {
        const startedAt = performance.now()
        await contender.dial()
        return performance.now() - startedAt
      })
      await hangUp({ dialler, callee })
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_DIALS_MS))
      return { connect_warm: dialledMs }
    },
  },

  link: {
    rounds: 12,
    units: { bulk: 'MB/s', ping_p50: 'ms', ping_p99: 'ms', open: 'ms' },
    /** One connection for all rounds. */
    prepare: ({ dialler }) => dialler.evaluate((contender) => contender.dial()),
    async round({ dialler }) {
      const pings = await timed(dialler, 'ping', PINGS, PING_BYTES)
      const opens = await timed(dialler, 'open', OPENS)
      const bulkMs = await dialler.evaluate((contender, { bytes, messageBytes }) => contender.bulk(bytes, messageBytes), {
        bytes: BULK_BYTES,
        messageBytes: BULK_MESSAGE_BYTES,
      })
      return {
        bulk: BULK_BYTES / 1e6 / (bulkMs / 1e3),
        ping_p50: median(pings),
        ping_p99: quantile(pings, 0.99),
        open: median(opens),
      }
    },
  },
}

export async function hangUp({ dialler, callee }) {
  await dialler.evaluate((contender) => contender.hangUp())
  await callee.evaluate((contender) => contender.hungUp())
}

/** How long each of `times` calls took, one after the other. */
function timed(dialler, what, times, argument) {
  return dialler.evaluate(
    async (contender, { what, times, argument }) => {
      const elapsedMs = []
      for (let call = 0; call < times; call++) {
        const startedAt = performance.now()
        await contender[what](argument)
        elapsedMs.push(performance.now() - startedAt)
      }
      return elapsedMs
    },
    { what, times, argument },
  )
}

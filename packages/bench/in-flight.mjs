// `npm run bench -- in-flight`: what a bound on what is in flight costs in throughput and saves in latency, and where Kith's own rule is.
import { LINK } from './link.mjs'

const KIB = 1024
/** Some three seconds on a quick machine: 150 round trips beside it. */
const TRANSFER_BYTES = 96 * KIB * KIB

/** Contenders of raw's making that bound what is unacknowledged, and acknowledge every so many bytes. */
export const BOUNDS = new Map(
  [
    [128, 32],
    [256, 64],
    [384, 128],
    [512, 128],
    [1024, 256],
  ].map(([windowKib, ackKib]) => [`raw-${windowKib}-${ackKib}`, { windowBytes: windowKib * KIB, ackBytes: ackKib * KIB }]),
)

/** 'raw' is the one without a bound. */
export const IN_FLIGHT_CONTENDERS = [...BOUNDS.keys(), 'raw', 'kith']

export const IN_FLIGHT = {
  loaded: {
    ...LINK.loaded,
    every: 1,
    round: (ends, { samples }) => LINK.loaded.round(ends, { bytes: TRANSFER_BYTES, samples }),
  },
}

/** The half of Kith that decides. Grouped by room, from the ground floor up; what is not listed here is a room's own affair. */

// ── floor 0: machine, errors, limits ──

export { type ErrorCode, type ErrorSource, KithError, type KithErrorOptions, violation } from './errors.ts'
export * from './limits.ts'
export type { Bytes, Machine, Millis, Random } from './machine.ts'

// ── bytes ──

export { compare, concat, equal, fromHex, fromUtf8, hex, utf8 } from './bytes/bytes.ts'
export { Reader } from './bytes/reader.ts'
export { Fields, type Packable, pack, unpack, unpackFields } from './bytes/struct.ts'
export { varintLength, Writer } from './bytes/writer.ts'

// ── identity ──

// ── noise ──

// ── rendezvous ──

// ── relay ──

// ── dial ──

export { packDescription, readDescription, type TransportDescription } from './dial/description.ts'

// ── mux ──

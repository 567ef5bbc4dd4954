/**
 * What both sides bind into the handshake before its first byte: a knock that was sealed for one carrier, one address and one
 * day opens nowhere else.
 */
import { concat, utf8 } from '../bytes/bytes.ts'
import { Writer } from '../bytes/writer.ts'
import type { Bytes } from '../machine.ts'
import type { Route } from './way.ts'

/** `"kith/1" ‖ u8 code ‖ lp(origin) ‖ address ‖ u64 epoch`, and then what a way adds. */
export function prologueOf(code: number, route: Route, ...added: readonly Uint8Array[]): Bytes {
  const shared = new Writer(128)
    .bytes(utf8('kith/1'))
    .u8(code)
    .prefixed(utf8(route.origin))
    .bytes(route.address)
    .u64(route.epoch)
    .finish()
  return concat(shared, ...added)
}

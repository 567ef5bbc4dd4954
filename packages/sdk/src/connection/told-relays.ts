/**
 * Where each of two who are connected can be found from now on: relays change, and a contact knows only those that were published when
 * the two met. Told once both know who the other is (SPEC, control message 12).
 */
import { CONTACT_RELAYS_MAX, RELAY_URL_MAX_LENGTH } from '@kith/protocol'
import { usableRelays } from '../carriers/relay-url.ts'
import type { Link } from '../session/link.ts'

const RELAYS = 12

/** Sends mine, and hands on theirs. With a remote that does not know the message, nothing is sent either way. */
export function exchangeRelays(
  link: Pick<Link, 'has' | 'sendControl' | 'onControl'>,
  mine: readonly string[],
  onTheirs: (relays: readonly string[]) => void,
): void {
  const stop = link.onControl((type, fields) => {
    if (type !== RELAYS) return
    // Said once: each list is written to storage.
    stop()
    onTheirs(usableRelays(fields.list(CONTACT_RELAYS_MAX, (url) => url.text(RELAY_URL_MAX_LENGTH))))
  })
  if (link.has('relays')) link.sendControl(RELAYS, [mine.slice(0, CONTACT_RELAYS_MAX)])
}

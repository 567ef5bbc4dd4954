/** Where people who know each other are found, derived by hand. */
import {
  type AddressKeys,
  addressKeys,
  contactWay,
  epochOf,
  type IdentityKeys,
  type PeerId,
  publicKeyOf,
  type Route,
  x25519PublicKey,
} from '@kith/protocol'

export interface Address {
  readonly keys: AddressKeys
  readonly route: Route
}

/** Where `local` listens for `remote`, or calls them. `now`: ms since 1970; the day counts. */
export async function contactAddress(
  { id: local, keyAgreement }: IdentityKeys,
  whose: 'ours' | 'theirs',
  remote: PeerId,
  origin: string,
  now: number,
): Promise<Address> {
  const shared = await keyAgreement.agree(x25519PublicKey(publicKeyOf(remote)))
  const epoch = epochOf(now)
  const keys = addressKeys(contactWay(local, remote).addressSeed({ shared, origin, epoch, side: whose }))
  return { keys, route: { origin, address: keys.address, epoch } }
}

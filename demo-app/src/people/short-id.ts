import type { PeerId } from '@kith/sdk'

/** Every PeerId begins with '12D3KooW': the end is what tells one from another. */
export const shortId = (id: PeerId): string => `12D3KooW…${id.slice(-6)}`

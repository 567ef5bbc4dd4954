import * as kith from '@kith/sdk'
import { meet, show } from './meet.js'

kith
  .createPeer()
  .then((peer) => meet(kith, peer, 'esbuild'))
  .catch((error) => show(`failed: ${error}`))

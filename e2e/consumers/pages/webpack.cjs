const kith = require('@kith/sdk')
const { meet, show } = require('./meet.js')

kith
  .createPeer()
  .then((peer) => meet(kith, peer, 'webpack'))
  .catch((error) => show(`failed: ${error}`))

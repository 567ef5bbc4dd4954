const assert = require('node:assert/strict')

/** What works in Node without WebRTC, and what says that it does not. */
exports.check = async ({ createPeer, KithError, linkKind, parsePeerId }, { createRelay }) => {
  const id = '12D3KooWPyjBAsLvMe69EtFCRYgedVPargmkjtR78UoKteNd5X3e'
  assert.equal(parsePeerId(` ${id} `), id)
  assert.equal(linkKind('https://example.org/#nothing'), undefined)
  await assert.rejects(createPeer(), (error) => error instanceof KithError && error.code === 'unsupported-environment')
  const relay = await createRelay({ port: 0 })
  const { status } = await fetch(relay.url.replace(/^ws(.*)relay$/, 'http$1healthz'))
  assert.equal(status, 200)
  await relay.close()
  console.log('works')
}

// A worker of each kind that tries to be a peer, and tells what came of it.
importScripts('/kith.global.js')

const attempt = Kith.createPeer({ relays: [] }).then(
  () => ({ made: true }),
  ({ name, code, message }) => ({ name, code, message }),
)
const answer = (port) => void attempt.then((outcome) => port.postMessage(outcome))

if ('SharedWorkerGlobalScope' in self) self.addEventListener('connect', ({ ports }) => answer(ports[0]))
else if ('ServiceWorkerGlobalScope' in self) self.addEventListener('message', ({ source }) => answer(source))
else answer(self)

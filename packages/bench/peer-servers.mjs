// The servers that PeerJS and js-libp2p meet through, as their packages give them.
// libp2p's muxer needs this function of Node 22; it is only set up here, before the packages are loaded.
Promise.withResolvers ??= function withResolvers() {
  let resolve
  let reject
  const promise = new this((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** @returns {Promise<{ url: string, close(): void }>} */
export async function startPeerServer(host) {
  const { PeerServer } = await import('peer')
  const server = await new Promise((resolve) => PeerServer({ port: 0, host, path: '/' }, resolve))
  return {
    url: `http://localhost:${server.address().port}/`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** @returns {Promise<{ url: string, close(): Promise<void> }>} its multiaddr */
export async function startLibp2pRelay(host) {
  const { createLibp2p } = await import('libp2p')
  const { webSockets } = await import('@libp2p/websockets')
  const { noise } = await import('@libp2p/noise')
  const { yamux } = await import('@libp2p/yamux')
  const { identify } = await import('@libp2p/identify')
  const { circuitRelayServer } = await import('@libp2p/circuit-relay-v2')
  const address = host === 'localhost' ? '127.0.0.1' : host
  const relay = await createLibp2p({
    addresses: { listen: [`/ip4/${address}/tcp/0/ws`] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // Its limits are for strangers who share one relay; here two pages dial again and again.
    connectionManager: { inboundConnectionThreshold: 1000, maxConnections: 1000 },
    services: { identify: identify(), relay: circuitRelayServer({ reservations: { maxReservations: 1000 } }) },
  })
  // Of the addresses of all interfaces, the one that both pages can be given.
  const url = relay
    .getMultiaddrs()
    .map(String)
    .find((text) => text.startsWith('/ip4/127.0.0.1/'))
  return { url, close: () => relay.stop() }
}

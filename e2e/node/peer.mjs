// A peer in Node, as a user would write it: tells by lines of JSON on stdout what happens, does what it is asked on stdin, and ends
// by itself after `close`.
import { createHash, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'

const IMPLEMENTATIONS = {
  '@roamhq/wrtc': async () => (await import('@roamhq/wrtc')).default,
  'node-datachannel/polyfill': () => import('node-datachannel/polyfill'),
}

const { sdk, wrtc: implementation, relays, link, bytes } = JSON.parse(process.argv[2] ?? '{}')
const { createPeer } = await import(sdk)
const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = await IMPLEMENTATIONS[implementation]()

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

const peer = await createPeer({
  relays,
  wrtc: { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate },
  webSocket: WebSocket,
  storage: 'memory',
  page: 'https://kith.example/',
})

/** Answers with the hash of all that it gets. */
peer.handle('/hash/v1', async (stream) => {
  const hash = createHash('sha256')
  for await (const chunk of stream.readable) hash.update(chunk)
  const writer = stream.writable.getWriter()
  await writer.write(new Uint8Array(hash.digest()))
  await writer.close()
})
peer.handleDatagrams('/echo/v1', (flow) => flow.readable.pipeTo(flow.writable))

/** Sends `bytes` random bytes; whether they arrived as they were sent. */
async function send(to) {
  const data = randomBytes(bytes)
  const stream = await peer.open(to, '/hash/v1')
  const answer = new Response(stream.readable).arrayBuffer()
  const writer = stream.writable.getWriter()
  for (let at = 0; at < bytes; at += 100_000) await writer.write(new Uint8Array(data.subarray(at, at + 100_000)))
  await writer.close()
  return Buffer.from(await answer).equals(createHash('sha256').update(data).digest())
}

/** How many of `count` datagrams came back; each is sent again until it does, since that is what datagrams need. */
async function echo(to, count) {
  const flow = await peer.openDatagrams(to, '/echo/v1')
  const back = new Set()
  let next = 0
  const timer = setInterval(() => flow.send(Uint8Array.of(next++ % count)), 2)
  for await (const datagram of flow.readable) {
    back.add(datagram[0])
    if (back.size === count) break
  }
  clearInterval(timer)
  flow.close()
  return back.size
}

let friend
if (link) friend = await peer.accept(link)
else {
  const invite = await peer.invite()
  say({ link: invite.link })
  friend = await invite.accepted
}
say({ met: friend.id, self: peer.id })

const lines = createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  switch (line) {
    case 'send':
      return say({ sent: await send(friend) })
    case 'echo':
      return say({ echoed: await echo(friend, 50) })
    case 'stats':
      return say({ stats: await peer.connections.get(friend.id)?.getStats() })
    case 'close':
      lines.close()
      process.stdin.destroy()
      await peer.close()
      return say({ closed: true })
  }
})

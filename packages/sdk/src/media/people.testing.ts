/** For tests: people of this browser who know each other, tracks to send them, and what comes of those. */
import type { IncomingMedia, Media, Peer, RemoteTrack } from '../api.ts'
import { createPeer } from '../index.ts'

/** Somebody who is found without a relay. */
export async function person(name: string): Promise<Peer> {
  const peer = await createPeer({ storage: 'memory', relays: [], page: 'https://kith.example/' })
  await peer.identity.setName(name)
  return peer
}

export async function acquaint(one: Peer, other: Peer): Promise<void> {
  await one.contacts.add({ id: other.id, name: other.identity.name })
  await other.contacts.add({ id: one.id, name: one.identity.name })
}

export async function friends(): Promise<[Peer, Peer]> {
  const pair: [Peer, Peer] = [await person('Ada'), await person('Bo')]
  await acquaint(...pair)
  return pair
}

/** The next call that `peer` gets. */
export function nextCall(peer: Peer, protocol: `/${string}` = '/call/v1'): Promise<IncomingMedia> {
  return new Promise((resolve) => {
    const stop = peer.handleMedia(protocol, (call) => {
      resolve(call)
      stop()
    })
  })
}

/** A call that is on: the caller's end, and that of whoever took it. */
export async function call(caller: Peer, callee: Peer, protocol: `/${string}` = '/call/v1'): Promise<[Media, Media]> {
  const ringing = nextCall(callee, protocol)
  // Serving is told on a connection that there is already; the dial tells it on a new one.
  const connection = await caller.connect(callee)
  while (!connection.protocols.has(protocol)) await new Promise((resolve) => connection.on('protocols', resolve))
  const media = caller.openMedia(callee, protocol)
  const taken = (await ringing).accept()
  return [await media, taken]
}

/** Resolves with the first track for which `matches`, come already or to come. */
export function track(media: Media, matches: (track: RemoteTrack) => boolean = () => true): Promise<RemoteTrack> {
  const there = media.remoteTracks.find(matches)
  if (there !== undefined) return Promise.resolve(there)
  return new Promise((resolve) => {
    const stop = media.on('track', (one) => {
      if (!matches(one)) return
      stop()
      resolve(one)
    })
  })
}

export const ended = (media: Media): Promise<RemoteTrack> => new Promise((resolve) => media.on('trackended', resolve))

/** A picture that never stands still. */
export function picture(colour = 'rebeccapurple'): MediaStreamTrack {
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d')
  const [one] = canvas.captureStream(30).getVideoTracks()
  if (context === null || one === undefined) throw new Error('no canvas')
  let step = 0
  const draw = setInterval(() => {
    if (one.readyState === 'ended') clearInterval(draw)
    context.fillStyle = step++ % 2 === 0 ? colour : 'black'
    context.fillRect(0, 0, canvas.width, canvas.height)
  }, 33)
  return one
}

/** A tone. */
export function tone(frequency = 440): MediaStreamTrack {
  const context = new AudioContext()
  const oscillator = new OscillatorNode(context, { frequency })
  const destination = context.createMediaStreamDestination()
  oscillator.connect(destination)
  oscillator.start()
  const [one] = destination.stream.getAudioTracks()
  if (one === undefined) throw new Error('no audio')
  return one
}

/** Each a statistic of what a receiver of `connection` gets (W3C webrtc-stats, inbound-rtp), by the id of its track. */
export async function received(connection: RTCPeerConnection, of: MediaStreamTrack, name: string): Promise<number> {
  const receiver = connection.getReceivers().find((one) => one.track === of)
  let value = 0
  for (const report of (await receiver?.getStats())?.values() ?? []) if (report.type === 'inbound-rtp') value = report[name] ?? 0
  return value
}

/** Resolves once the statistic has grown twice. */
export async function grows(connection: RTCPeerConnection, of: MediaStreamTrack, name: string): Promise<void> {
  for (let grown = 0, last = await received(connection, of, name); grown < 2; ) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const value = await received(connection, of, name)
    if (value > last) grown += 1
    last = value
  }
}


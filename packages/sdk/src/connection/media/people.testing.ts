/** For tests: people of this browser who know each other, tracks to send them, and what comes of those. */
import type { IncomingMedia, Media, Peer, RemoteTrack } from '../../api.ts'
import { createPeer } from '../../index.ts'

/** Every RTCPeerConnection of theirs, to see what the browser did. */
export const connections: RTCPeerConnection[] = []
class SeenConnection extends RTCPeerConnection {
  constructor(config?: RTCConfiguration) {
    super(config)
    connections.push(this)
  }
}

/** A person who is found without a relay. */
export async function person(name: string): Promise<Peer> {
  const wrtc = { RTCPeerConnection: SeenConnection, RTCSessionDescription, RTCIceCandidate }
  const peer = await createPeer({ storage: 'memory', relays: [], page: 'https://kith.example/', wrtc })
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

/** A call that is on: the caller's end, and the callee's. */
export async function call(caller: Peer, callee: Peer, protocol: `/${string}` = '/call/v1'): Promise<[Media, Media]> {
  const ringing = nextCall(callee, protocol)
  // On a connection that is up, what is served is sent; on a new one it is in the hello.
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
export function picture(width = 320): MediaStreamTrack {
  const canvas = Object.assign(document.createElement('canvas'), { width, height: 180 })
  const context = canvas.getContext('2d')
  const [one] = canvas.captureStream(30).getVideoTracks()
  if (context === null || one === undefined) throw new Error('no canvas')
  let step = 0
  const draw = setInterval(() => {
    if (one.readyState === 'ended') clearInterval(draw)
    context.fillStyle = step++ % 2 === 0 ? 'rebeccapurple' : 'gold'
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

/** A figure of what a receiver gets (W3C webrtc-stats, inbound-rtp). */
async function received(of: MediaStreamTrack, name: string): Promise<number> {
  const receiver = connections.flatMap((one) => one.getReceivers()).find(({ track }) => track === of)
  let value = 0
  for (const report of (await receiver?.getStats())?.values() ?? []) if (report.type === 'inbound-rtp') value = report[name] ?? 0
  return value
}

/** Resolves once `name` has passed for `of`: what it is said to be, read again until it is. */
export async function until(of: MediaStreamTrack, name: string, passes: (value: number) => boolean): Promise<void> {
  while (!passes(await received(of, name))) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** Resolves once the figure has grown beyond what it is now. */
export async function grows(of: MediaStreamTrack, name: string): Promise<void> {
  const before = await received(of, name)
  await until(of, name, (value) => value > before)
}

/** Plays it: sound that is not played has no energy in Chromium, nor has that of a muted element. */
export function play(stream: MediaStream): void {
  const element = document.createElement('audio')
  element.srcObject = stream
  void element.play()
}

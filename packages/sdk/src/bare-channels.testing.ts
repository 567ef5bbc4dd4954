/**
 * For tests in a browser: data channels with nothing of ours around them, beside ours in the same page and at the same time. What
 * the machine does to these it does to ours: a page that stood still, a browser that got no processor, a socket that ran over.
 */
import { DATAGRAM_AGE_MAX_MS } from '@kith/protocol'

/** A datagram of ours waits for the page twice, to leave and to be taken; a bare one once: at half the age they fail alike. */
const LATE_MS = DATAGRAM_AGE_MAX_MS / 2

export interface Ping {
  readonly start: number
  readonly end: number
}

export interface BareChannels extends Disposable {
  /** Sends a datagram of so many bytes, at least 4. */
  send(length: number): void
  /** Once all that was sent has arrived or is lost: when those were sent that are, or that came late; ms. */
  failed(): Promise<readonly number[]>
  /** Pings one after the other until `done`, beside whatever else the page does. */
  ping(done: Promise<unknown>): Promise<readonly Ping[]>
}

export async function bareChannels(): Promise<BareChannels> {
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()]
  a.onicecandidate = ({ candidate }) => void b.addIceCandidate(candidate ?? undefined)
  b.onicecandidate = ({ candidate }) => void a.addIceCandidate(candidate ?? undefined)
  const datagrams = a.createDataChannel('datagrams', { ordered: false, maxRetransmits: 0 })
  const pings = a.createDataChannel('pings')
  const sentAt: number[] = []
  const inTime = new Set<number>()
  b.ondatachannel = ({ channel }) => {
    channel.binaryType = 'arraybuffer'
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      if (channel.label === 'pings') channel.send(data)
      else {
        const n = new DataView(data).getUint32(0)
        if (performance.now() - (sentAt[n] ?? Number.NaN) <= LATE_MS) inTime.add(n)
      }
    }
  }
  const opened = [datagrams, pings].map((channel) => once(channel, 'open'))
  await a.setLocalDescription()
  await b.setRemoteDescription(a.localDescription as RTCSessionDescription)
  await b.setLocalDescription()
  await a.setRemoteDescription(b.localDescription as RTCSessionDescription)
  await Promise.all(opened)

  const ping = async (): Promise<Ping> => {
    const start = performance.now()
    const answered = once(pings, 'message')
    pings.send(Uint8Array.of(1))
    await answered
    return { start, end: performance.now() }
  }
  return {
    send(length) {
      const bytes = new Uint8Array(length)
      new DataView(bytes.buffer).setUint32(0, sentAt.length)
      sentAt.push(performance.now())
      datagrams.send(bytes)
    },
    async failed() {
      // What has left the channel has reached the other before what leaves after it, or never will.
      while (datagrams.bufferedAmount > 0) await ping()
      await ping()
      return sentAt.filter((_, n) => !inTime.has(n))
    },
    async ping(done) {
      let isDone = false
      void done.finally(() => {
        isDone = true
      })
      const all: Ping[] = []
      while (!isDone) {
        all.push(await ping())
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      return all
    },
    [Symbol.dispose]() {
      a.close()
      b.close()
    },
  }
}

const once = (channel: RTCDataChannel, type: 'open' | 'message') =>
  new Promise((resolve) => channel.addEventListener(type, resolve, { once: true }))

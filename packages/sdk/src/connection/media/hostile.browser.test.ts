// A remote that is who it says it is, and breaks the rules of renegotiation: its SDP is text of a known person, and still no more
// than that. One end is ours; at the other the test says what it likes on the control lane.
import {
  type Bytes,
  confirmation,
  OFFER_BURST,
  OFFERS_PER_SECOND,
  type Packable,
  pack,
  SDP_MAX_LENGTH,
  type TransportDescription,
} from '@kith/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { Connection, IncomingMedia, Media } from '../../api.ts'
import { createNegotiator, type Negotiator } from '../../path/webrtc/negotiator.ts'
import { Link, type LinkStream } from '../../session/link.ts'
import { messages } from '../../session/messages.ts'
import { LateCalls } from './late-calls.ts'
import { picture, track } from './people.testing.ts'

interface End {
  readonly connection: RTCPeerConnection
  readonly negotiator: Negotiator
  readonly link: Link
  /** From now on it does what Kith does; before, only what the test has it say. */
  behave(onCall?: (call: IncomingMedia) => unknown): LateCalls
}

const OFFER = 0
const ANSWER = 1
const ASK = 2

/** Two ends whose link is up. */
async function linked(): Promise<{ offerer: End; answerer: End }> {
  const made: RTCPeerConnection[] = []
  class Seen extends RTCPeerConnection {
    constructor(config?: RTCConfiguration) {
      super(config)
      made.push(this)
    }
  }
  const wrtc = { RTCPeerConnection: Seen, RTCSessionDescription, RTCIceCandidate }
  const links: Link[] = []
  const descriptions: Promise<TransportDescription>[] = []
  const both = (['answerer', 'offerer'] as const).map((role, index) => {
    let say: (description: TransportDescription) => void = () => {}
    descriptions.push(
      new Promise((resolve) => {
        say = resolve
      }),
    )
    return createNegotiator({
      role,
      iceServers: [],
      iceTransportPolicy: 'all',
      wrtc,
      onDescription: (own) => {
        say(own)
        both[1 - index]?.describe(own)
      },
      onCandidate: (candidate) => both[1 - index]?.addCandidate(candidate),
      onCandidatesEnd: () => {},
      onPath: () => {},
      onState: () => {},
      onError: (error) => links[index]?.fail(error),
    })
  })
  negotiators.push(...both)
  const [ofAnswerer, ofOfferer] = (await Promise.all(descriptions)) as [TransportDescription, TransportDescription]
  const key: Bytes = new Uint8Array(32).fill(7)
  const byAnswerer = confirmation(key, 0, ofAnswerer.fingerprint, ofOfferer.fingerprint)
  const byOfferer = confirmation(key, 1, ofOfferer.fingerprint, ofAnswerer.fingerprint)
  const end = (index: 0 | 1): End => {
    const [negotiator, connection] = [both[index], made[index]] as [Negotiator, RTCPeerConnection]
    let ring: (stream: LinkStream) => unknown = () => {}
    const link = new Link({
      lanes: negotiator.lanes,
      role: index,
      confirmation: index === 0 ? { ours: byAnswerer, theirs: byOfferer } : { ours: byOfferer, theirs: byAnswerer },
      instance: new Uint8Array(16).fill(index),
      protocols: ['/call/v1'],
      maxMessageSize: 65_536,
      onIncoming: () => (stream) => ring(stream),
    })
    links[index] = link
    const behave = (onCall: (call: IncomingMedia) => unknown = () => {}) => {
      const calls = new LateCalls({ link, negotiator, connection: {} as Connection })
      ring = (stream) => calls.ring(stream).then(onCall)
      return calls
    }
    return { connection, negotiator, link, behave }
  }
  const ends = { answerer: end(0), offerer: end(1) }
  await Promise.all(links.map(({ ready }) => ready))
  return ends
}

const negotiators: Negotiator[] = []
afterEach(() => {
  for (const negotiator of negotiators.splice(0)) negotiator.close()
})

const say = ({ link }: End, ...fields: Packable[]) => link.sendControl(4, fields)
const violated = ({ link }: End) => expect(link.closed).rejects.toMatchObject({ code: 'peer-violation' })

/** What comes next on the control lane as SDP or about it. */
const heard = ({ link }: End): Promise<(number | string)[]> =>
  new Promise((resolve) => {
    const stop = link.onControl((_, fields) => {
      stop()
      resolve([fields.integer(), fields.integer(), fields.text(SDP_MAX_LENGTH)])
    })
  })

/** A description that `end` could give now, with a section for video. */
async function offerOf({ connection }: End): Promise<string> {
  const { sdp = '' } = await connection.createOffer({ offerToReceiveVideo: true })
  return sdp
}

const sectionOf = (sdp: string, kind: string) => new RegExp(`m=${kind}[^]*?(?=m=|$)`).exec(sdp)?.[0] ?? ''

/** The same with so many sections in all, each of video and short. */
function withVideo(sdp: string, count: number): string {
  const short = sectionOf(sdp, 'video')
    .split('\r\n')
    .filter((line) => /^(m=|c=|a=(mid|ice-ufrag|ice-pwd|fingerprint|setup|recvonly|rtcp-mux|rtpmap:96)\b)/.test(line))
    .join('\r\n')
    .replace(/^(m=\S+ \S+ \S+).*/, '$1 96')
  const mids = Array.from({ length: count }, (_, mid) => mid)
  const sections = mids.slice(2).map((mid) => `${short.replace(/a=mid:.*/, `a=mid:${mid}`)}\r\n`)
  return sdp.replace(/a=group:BUNDLE.*/, `a=group:BUNDLE ${mids.join(' ')}`) + sections.join('')
}

describe('an offer', () => {
  for (const [what, spoil] of [
    ['is too large', (sdp: string) => sdp + 'a=x\r\n'.repeat(SDP_MAX_LENGTH / 5)],
    ['has a foreign fingerprint', (sdp: string) => sdp.replaceAll(/(a=fingerprint:sha-256) ..:..:/g, '$1 00:00:')],
    [
      'has it in its last section',
      (sdp: string) => sdp.replace(/(a=fingerprint:sha-256) ..:..:(?![\s\S]*fingerprint)/, '$1 00:00:'),
    ],
    ['has other ICE credentials', (sdp: string) => sdp.replace(/a=ice-ufrag:.*/g, 'a=ice-ufrag:evil')],
    ['names no transport', (sdp: string) => sdp.replace(/a=fingerprint.*\r\n/g, '')],
    ['is not SDP', () => 'hello'],
    ['has 12 sections', (sdp: string) => withVideo(sdp, 12)],
    ['has 40 sections', (sdp: string) => withVideo(sdp, 40)],
    ['has as many sections as fit', (sdp: string) => withVideo(sdp, 90)],
    ['has a fifth of a kind', (sdp: string) => withVideo(sdp, 6)],
    ['has two for data', (sdp: string) => sdp + sectionOf(sdp, 'application').replace('a=mid:0', 'a=mid:7')],
    ['has another kind', (sdp: string) => sdp.replace('m=video', 'm=text')],
    ['has a mid twice', (sdp: string) => sdp.replace('a=mid:1', 'a=mid:0')],
    ['has no data', (sdp: string) => sdp.replace(sectionOf(sdp, 'application'), '')],
    ['has another transport beside the first', (sdp: string) => sdp.replace(/a=group:BUNDLE.*/, 'a=group:BUNDLE 0')],
    ['hides a line', (sdp: string) => sdp.replace('a=mid:0', 'a=mid:0\u2028a=x')],
    [
      'names candidates of a case of its own, and is no SDP',
      (sdp: string) => `${sdp}A=candidate:1 1 udp 1 192.0.2.2 1 typ host\r\n`,
    ],
  ] as const) {
    test(`that ${what} is a violation`, async () => {
      const { offerer, answerer } = await linked()
      answerer.behave()
      say(offerer, OFFER, 1, spoil(await offerOf(offerer)))
      await violated(answerer)
      expect(answerer.connection.getTransceivers()).toEqual([])
    })
  }

  test('that is as it should be is answered, without candidates', async () => {
    const { offerer, answerer } = await linked()
    answerer.behave()
    say(offerer, OFFER, 1, await offerOf(offerer))
    const [type, round, sdp] = await heard(offerer)
    expect([type, round]).toEqual([ANSWER, 1])
    expect(sdp).toContain('m=video 9')
    expect(sdp).not.toMatch(/candidate|^c=(?!IN IP4 0\.0\.0\.0)/m)
    // The rounds go up.
    say(offerer, OFFER, 1, await offerOf(offerer))
    await violated(answerer)
  })

  test('cannot make messages smaller than the dial has settled', async () => {
    const { offerer, answerer } = await linked()
    answerer.behave()
    const small = (await offerOf(offerer)).replace(/a=max-message-size:.*/, 'a=max-message-size:5')
    say(offerer, OFFER, 1, small)
    expect((await heard(offerer))[0]).toBe(ANSWER)
    await expect.poll(() => answerer.connection.signalingState).toBe('stable')
    expect(answerer.connection.sctp?.maxMessageSize).toBeGreaterThan(65_535)
  })

  test('that the browser does not understand is a violation', async () => {
    const { offerer, answerer } = await linked()
    answerer.behave()
    say(offerer, OFFER, 1, (await offerOf(offerer)).replace(/m=video.*/, 'm=video nonsense'))
    await violated(answerer)
  })

  test('by the answerer is a violation', async () => {
    const { offerer, answerer } = await linked()
    offerer.behave()
    say(answerer, OFFER, 1, await offerOf(offerer))
    await violated(offerer)
  })

  test('before the one before was answered is a violation', async () => {
    const { offerer, answerer } = await linked()
    answerer.behave()
    const sdp = await offerOf(offerer)
    say(offerer, OFFER, 1, sdp)
    say(offerer, OFFER, 2, sdp)
    await violated(answerer)
  })

  test('is waited for: a remote that slept gets to know of all that changed meanwhile', async () => {
    const { offerer, answerer } = await linked()
    const calls = offerer.behave()
    const calling = calls.open(['/call/v1'], { timeoutMs: 5000 })
    const called = new Promise<Media>((resolve) => answerer.behave((call) => resolve(call.accept())))
    // What the browser is offered lies there until it wakes up.
    let wake: () => void = () => {}
    const awake = new Promise<void>((resolve) => {
      wake = resolve
    })
    const { connection } = answerer
    const describe = connection.setRemoteDescription.bind(connection)
    connection.setRemoteDescription = async (description) => {
      await awake
      return describe(description)
    }
    const [mine, theirs] = [await calling, await called]
    const offered = heard(answerer)
    mine.addTrack(picture(), { label: 'first' })
    expect((await offered).slice(0, 2)).toEqual([OFFER, 1])
    mine.addTrack(picture(), { label: 'second' })
    theirs.addTrack(picture(), { label: 'third' })
    wake()
    await track(theirs, ({ label }) => label === 'first')
    await track(theirs, ({ label }) => label === 'second')
    await track(mine, ({ label }) => label === 'third')
    expect(connection.getTransceivers()).toHaveLength(2)
  })
})

describe('an answer', () => {
  test('to no offer is a violation', async () => {
    const { offerer, answerer } = await linked()
    offerer.behave()
    say(answerer, ANSWER, 1, await offerOf(answerer))
    await violated(offerer)
  })

  test('by the offerer is a violation', async () => {
    const { offerer, answerer } = await linked()
    answerer.behave()
    say(offerer, ANSWER, 0, await offerOf(offerer))
    await violated(answerer)
  })
})

describe('an ask', () => {
  for (const [what, by, ...fields] of [
    ['for more than there can be', 'answerer', ASK, 0, 5, 0],
    ['ahead of time', 'answerer', ASK, 1, 0, 0],
    ['of another type', 'answerer', 3, 0, 0, 0],
    ['that is cut short', 'answerer', ASK, 0, 0],
    ['by the offerer', 'offerer', ASK, 0, 0, 0],
  ] as const) {
    test(`${what} is a violation`, async () => {
      const ends = await linked()
      const victim = ends[by === 'answerer' ? 'offerer' : 'answerer']
      victim.behave()
      say(ends[by], ...fields)
      await violated(victim)
    })
  }

  test('is answered by an offer with as many sections, once', async () => {
    const { offerer, answerer } = await linked()
    offerer.behave()
    say(answerer, ASK, 0, 1, 2)
    const [type, round, sdp] = await heard(answerer)
    expect([type, round]).toEqual([OFFER, 1])
    expect(String(sdp).match(/^m=\w+/gm)).toEqual(['m=application', 'm=audio', 'm=video', 'm=video'])
    // Of a round that was: out of date.
    say(answerer, ASK, 0, 4, 4)
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(offerer.connection.getTransceivers()).toHaveLength(3)
  })
})

describe('a flood', () => {
  /** Goes through so many rounds; how long the burst took, and all of them, ms. */
  async function rounds(round: (n: number) => Promise<void>): Promise<[burst: number, all: number]> {
    const startedAt = performance.now()
    let burst = 0
    for (let n = 1; n <= OFFER_BURST + OFFERS_PER_SECOND; n++) {
      await round(n)
      if (n === OFFER_BURST) burst = performance.now() - startedAt
    }
    return [burst, performance.now() - startedAt]
  }

  for (const [what, flood] of [
    [
      'offers',
      async ({ offerer, answerer }: Record<'offerer' | 'answerer', End>) => {
        answerer.behave()
        const sdp = await offerOf(offerer)
        return rounds(async (n) => {
          const answer = heard(offerer)
          say(offerer, OFFER, n, sdp)
          expect((await answer).slice(0, 2)).toEqual([ANSWER, n])
        })
      },
    ],
    [
      'asks',
      async ({ offerer, answerer }: Record<'offerer' | 'answerer', End>) => {
        offerer.behave()
        return rounds(async (n) => {
          const offer = heard(answerer)
          say(answerer, ASK, n - 1, 0, n === 1 ? 1 : 0)
          const [type, round, sdp] = await offer
          expect([type, round]).toEqual([OFFER, n])
          const { connection } = answerer
          await connection.setRemoteDescription({ type: 'offer', sdp: String(sdp) })
          await connection.setLocalDescription()
          say(answerer, ANSWER, n, connection.localDescription?.sdp ?? '')
        })
      },
    ],
  ] as const) {
    test(`of ${what}: a burst of them has its answers at once, the next at the rate`, async () => {
      const [burst, all] = await flood(await linked())
      expect(burst).toBeLessThan((OFFER_BURST / OFFERS_PER_SECOND) * 1000)
      expect(all).toBeGreaterThan(990)
    })
  }
})

describe('a track', () => {
  /** An offer of a track in a MediaStream of this name. */
  async function offerTrack({ connection }: End, name: string): Promise<string> {
    connection.addTransceiver(picture(), { direction: 'sendonly' })
    const { sdp = '' } = await connection.createOffer()
    return sdp.replace(/a=msid:\S+/, `a=msid:${name}`)
  }

  test('of a call that rings is a violation, and never surfaces', async () => {
    const { offerer, answerer } = await linked()
    const rung = new Promise<IncomingMedia>((resolve) => answerer.behave(resolve))
    const stream = await offerer.link.open(['/call/v1'], { kind: 'media' })
    const call = await rung
    say(offerer, OFFER, 1, await offerTrack(offerer, `${stream.id}.0`))
    await violated(answerer)
    await expect(call.closed).rejects.toMatchObject({ code: 'peer-violation' })
    expect(() => call.accept()).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  for (const name of ['98.0', 'nobody', '-']) {
    test(`of no Media (${name}) never surfaces`, async () => {
      const { offerer, answerer } = await linked()
      const rung = new Promise<IncomingMedia>((resolve) => answerer.behave(resolve))
      const chat = messages(await offerer.link.open(['/call/v1'], { kind: 'media' }))
      const media = (await rung).accept()
      await chat.send(pack([1, 0, 'camera']))
      say(offerer, OFFER, 1, await offerTrack(offerer, name))
      expect((await heard(offerer))[0]).toBe(ANSWER)
      expect(answerer.connection.getTransceivers()).toHaveLength(1)
      expect(media.remoteTracks).toEqual([])
    })
  }
})

describe('on the stream of a Media', () => {
  for (const [what, said] of [
    ['a label twice', [pack([1, 0, 'a']), pack([1, 0, 'b'])]],
    ['an accept by the caller', [pack([2])]],
    ['what is not a message', [new Uint8Array([0xc1])]],
    ['what is too long', [new Uint8Array(1000)]],
  ] as const) {
    test(`${what} is a violation`, async () => {
      const { offerer, answerer } = await linked()
      answerer.behave((call) => call.accept())
      const chat = messages(await offerer.link.open(['/call/v1'], { kind: 'media' }))
      for (const message of said) await chat.send(message)
      await expect(answerer.link.closed).rejects.toMatchObject({ code: expect.stringMatching(/^(peer-violation|too-large)$/) })
    })
  }
})

import { type Candidate, type KithError, parseCandidate, type TransportDescription } from '@kith/protocol'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Lane, Lanes } from '../lane.ts'
import { type FencedConnection, fencedConnection } from './fenced-connection.ts'
import { createNegotiator, type Negotiator, type NegotiatorOptions, type NegotiatorState } from './negotiator.ts'
import { descriptionFromSdp, sdpFromDescription } from './sdp-template.ts'

/** Every RTCPeerConnection that is made, so that none is left open by a test, nor by what it tests. */
const made: RTCPeerConnection[] = []
class CountedConnection extends RTCPeerConnection {
  constructor(config?: RTCConfiguration) {
    super(config)
    made.push(this)
  }
}
const wrtc = { RTCPeerConnection: CountedConnection, RTCSessionDescription, RTCIceCandidate }

let ends: End[] = []
beforeEach(() => {
  made.length = 0
  ends = []
})
afterEach(() => {
  for (const end of ends) end.negotiator.close()
  expect(made.map((connection) => connection.signalingState)).toEqual(made.map(() => 'closed'))
})

/** A negotiator, and all that it told. */
interface End {
  readonly negotiator: Negotiator
  readonly connection: RTCPeerConnection
  readonly descriptions: TransportDescription[]
  readonly candidates: Candidate[]
  readonly states: NegotiatorState[]
  readonly errors: KithError[]
  /** Whether this end is at a TURN server, each time that it was told. */
  readonly located: (boolean | undefined)[]
  /** Resolves once `condition` holds, checked after each callback. */
  until(condition: () => boolean): Promise<void>
}

function open(role: 'offerer' | 'answerer', options: Partial<NegotiatorOptions> = {}): End {
  const waiting = new Set<() => void>()
  const told = () => {
    for (const check of waiting) check()
  }
  const [descriptions, candidates, states, errors]: [TransportDescription[], Candidate[], NegotiatorState[], KithError[]] = [
    [],
    [],
    [],
    [],
  ]
  const located: (boolean | undefined)[] = []
  const negotiator = createNegotiator({
    role,
    iceServers: [],
    iceTransportPolicy: 'all',
    wrtc,
    ...options,
    onDescription: (description) => {
      descriptions.push(description)
      options.onDescription?.(description)
      told()
    },
    onCandidate: (candidate) => {
      candidates.push(candidate)
      options.onCandidate?.(candidate)
      told()
    },
    onCandidatesEnd: () => {
      options.onCandidatesEnd?.()
      told()
    },
    onState: (state) => {
      states.push(state)
      told()
    },
    onPath: (isAtTurn) => {
      located.push(isAtTurn)
      told()
    },
    onError: (error) => {
      errors.push(error)
      told()
    },
  })
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!condition()) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  const connection = options.spare?.connection ?? made.at(-1)
  if (connection === undefined) throw new Error('no RTCPeerConnection was made')
  const end = { negotiator, connection, descriptions, candidates, states, errors, located, until }
  ends.push(end)
  return end
}

/** Two ends whose descriptions and candidates reach each other at once. */
function pair(options: Partial<NegotiatorOptions> = {}): { offerer: End; answerer: End } {
  const answerer: End = open('answerer', {
    ...options,
    onDescription: (description) => offerer.negotiator.describe(description),
    onCandidate: (candidate) => offerer.negotiator.addCandidate(candidate),
  })
  const offerer: End = open('offerer', {
    ...options,
    onDescription: (description) => answerer.negotiator.describe(description),
    onCandidate: (candidate) => answerer.negotiator.addCandidate(candidate),
  })
  return { offerer, answerer }
}

const NAMES = ['control', 'datagrams', 'urgent', 'bulk'] as const

const event = (lane: Lane, type: 'open' | 'close') =>
  new Promise<void>((resolve) => {
    if (lane.readyState === (type === 'open' ? 'open' : 'closed')) resolve()
    else lane.addEventListener(type, () => resolve())
  })

const opened = (lanes: Lanes) => Promise.all(NAMES.map((name) => event(lanes[name], 'open')))

const messages = (lane: Lane, count: number) =>
  new Promise<Uint8Array[]>((resolve) => {
    const got: Uint8Array[] = []
    lane.addEventListener('message', ({ data }) => {
      got.push(new Uint8Array(data as ArrayBuffer))
      if (got.length === count) resolve(got)
    })
  })

async function connectedPair(options: Partial<NegotiatorOptions> = {}) {
  const { offerer, answerer } = pair(options)
  await Promise.all([opened(offerer.negotiator.lanes), opened(answerer.negotiator.lanes)])
  await Promise.all([offerer, answerer].map((end) => end.until(() => end.states.includes('connected'))))
  return { offerer, answerer }
}

describe('a link', () => {
  test('opens, and carries messages both ways on all four lanes', async () => {
    const { offerer, answerer } = await connectedPair()
    for (const name of NAMES) {
      for (const [from, to] of [
        [offerer, answerer],
        [answerer, offerer],
      ] as const) {
        const received = messages(to.negotiator.lanes[name], 1)
        from.negotiator.lanes[name].send(new TextEncoder().encode(`by ${name}`))
        expect(new TextDecoder().decode((await received)[0])).toBe(`by ${name}`)
      }
    }
    expect(offerer.states).toEqual(['connecting', 'connected'])
    expect(answerer.states).toEqual(['connecting', 'connected'])
    expect([...offerer.errors, ...answerer.errors]).toEqual([])
    expect(made).toHaveLength(2)
  })

  test('has the channels of the specification, and no others', async () => {
    const { offerer, answerer } = await connectedPair()
    for (const { lanes } of [offerer.negotiator, answerer.negotiator]) {
      const channels = NAMES.map((name) => lanes[name] as RTCDataChannel)
      expect(
        channels.map(({ id, ordered, maxRetransmits, negotiated, binaryType }) => [
          id,
          ordered,
          maxRetransmits,
          negotiated,
          binaryType,
        ]),
      ).toEqual([
        [0, true, null, true, 'arraybuffer'],
        [1, false, 0, true, 'arraybuffer'],
        [2, true, null, true, 'arraybuffer'],
        [3, true, null, true, 'arraybuffer'],
      ])
    }
  })

  test('keeps the order of large messages', async () => {
    const { offerer, answerer } = await connectedPair()
    const received = messages(answerer.negotiator.lanes.bulk, 64)
    const lane = offerer.negotiator.lanes.bulk
    lane.bufferedAmountLowThreshold = 128 * 1024
    for (let index = 0; index < 64; index++) {
      if (lane.bufferedAmount > 256 * 1024) {
        await new Promise<void>((resolve) => lane.addEventListener('bufferedamountlow', resolve))
      }
      lane.send(new Uint8Array(64 * 1024).fill(index))
    }
    const got = await received
    expect(got.map((message) => message.length)).toEqual(got.map(() => 64 * 1024))
    expect(got.map((message) => [message[0], message.at(-1)])).toEqual(got.map((_message, index) => [index, index]))
  })

  test('knows its path', async () => {
    const { offerer } = await connectedPair()
    const stats = await offerer.negotiator.stats()
    expect(offerer.negotiator.path(undefined)).toBe('direct')
    expect(stats.bytesSent).toBeGreaterThan(0)
    expect(stats.bytesReceived).toBeGreaterThan(0)
    offerer.negotiator.close()
    await expect(offerer.negotiator.stats()).rejects.toMatchObject({ code: 'closed' })
  })

  test('takes the connection that was made ahead, configures it for its path, and closes it', async () => {
    const config = { iceServers: [{ urls: 'stun:127.0.0.1:3478' }], iceTransportPolicy: 'relay' } as const
    const spares = (['offerer', 'answerer'] as const).map(() =>
      fencedConnection(CountedConnection, { ...config, iceServers: [] }),
    )
    const [mine, theirs] = spares as [FencedConnection, FencedConnection]
    const offerer = open('offerer', { ...config, spare: mine })
    expect([made.length, offerer.negotiator.lanes]).toEqual([2, mine.lanes])
    expect(mine.connection.getConfiguration().iceServers).toMatchObject([{ urls: ['stun:127.0.0.1:3478'] }])
    await offerer.until(() => offerer.descriptions.length === 1)
    const answerer = open('answerer', { ...config, spare: theirs })
    answerer.negotiator.describe(offerer.descriptions[0] as TransportDescription)
    await answerer.until(() => answerer.descriptions.length === 1)
    expect(made).toHaveLength(2)
  })

  test('a spare that cannot be configured so is closed', () => {
    const spare = fencedConnection(CountedConnection, { iceServers: [], iceTransportPolicy: 'all' })
    const bad = { spare, iceServers: [{ urls: 'turn:no-credentials.example' }] }
    expect(() => open('offerer', bad)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(spare.connection.signalingState).toBe('closed')
  })

  test('asks no server that it was not told of', () => {
    const { connection } = open('offerer')
    expect(connection.getConfiguration().iceServers).toEqual([])
  })

  test('tells only relayed candidates where only those are wanted', async () => {
    let ended = false
    const offerer = open('offerer', {
      iceTransportPolicy: 'relay',
      onCandidatesEnd: () => {
        ended = true
      },
    })
    await offerer.until(() => ended)
    expect(offerer.candidates).toEqual([])
  })
})

describe('an end', () => {
  test('here closes every lane, silently', async () => {
    const { offerer, answerer } = await connectedPair()
    offerer.states.length = 0
    offerer.negotiator.close()
    offerer.negotiator.close()
    expect(offerer.connection.signalingState).toBe('closed')
    for (const name of NAMES) expect(offerer.negotiator.lanes[name].readyState).not.toBe('open')
    await Promise.all(NAMES.map((name) => event(offerer.negotiator.lanes[name], 'close')))
    await answerer.until(() => answerer.states.includes('closed'))
    expect(offerer.states).toEqual([])
    // Afterwards, nothing that comes does anything.
    offerer.negotiator.describe(answerer.descriptions[0] as TransportDescription)
    offerer.negotiator.addCandidate(answerer.candidates[0] as Candidate)
    offerer.negotiator.restartIce()
    expect(offerer.errors).toEqual([])
  })

  test('there is told as closed, without an error', async () => {
    const { offerer, answerer } = await connectedPair()
    answerer.connection.close()
    await offerer.until(() => offerer.states.includes('closed'))
    expect(offerer.errors).toEqual([])
    await Promise.all(NAMES.map((name) => event(offerer.negotiator.lanes[name], 'close')))
  })

  test('at once, before anything was described, leaves nothing behind', async () => {
    const offerer = open('offerer')
    offerer.negotiator.close()
    await Promise.resolve()
    expect(offerer.connection.signalingState).toBe('closed')
    expect(offerer.descriptions).toEqual([])
  })
})

describe('the path', () => {
  let asked: RTCIceConnectionState[] = []
  beforeEach(() => {
    asked = []
    const { getStats } = CountedConnection.prototype
    vi.spyOn(CountedConnection.prototype, 'getStats').mockImplementation(function (this: RTCPeerConnection) {
      asked.push(this.iceConnectionState)
      return getStats.call(this)
    })
  })
  afterEach(() => vi.restoreAllMocks())
  const saysPair = 'onselectedcandidatepairchange' in RTCIceTransport.prototype
  const located = (end: End) => end.until(() => end.located.length > 0)

  test('is known as soon as ICE has one, without statistics where the browser says it otherwise', async () => {
    const { offerer, answerer } = pair()
    for (const end of [offerer, answerer]) {
      await located(end)
      expect([end.located[0], end.negotiator.path(undefined), end.negotiator.path(true)]).toEqual([false, 'direct', 'turn'])
    }
    if (saysPair) expect(asked).toEqual([])
  })

  test.skipIf(!saysPair)('is read again when ICE takes another', async () => {
    const { offerer } = await connectedPair()
    const told = offerer.located.length
    const transport = offerer.connection.sctp?.transport.iceTransport as RTCIceTransport
    const pair = { local: { type: 'relay', port: 1 }, remote: { type: 'host', port: 2 } }
    Object.assign(transport, { getSelectedCandidatePair: () => pair })
    transport.dispatchEvent(new Event('selectedcandidatepairchange'))
    expect(offerer.located.slice(told)).toEqual([true])
    expect(offerer.negotiator.path(false)).toBe('turn')
  })

  /** As in Firefox. */
  const sayNoPair = () => {
    const event = 'onselectedcandidatepairchange'
    const has = Object.getOwnPropertyDescriptor(RTCIceTransport.prototype, event)
    Reflect.deleteProperty(RTCIceTransport.prototype, event)
    onTestFinished(() => void (has && Object.defineProperty(RTCIceTransport.prototype, event, has)))
  }

  test('is read of the statistics where the transport does not say it, and not again when the channels open', async () => {
    sayNoPair()
    // @roamhq/wrtc crashes when it is asked.
    const touched = vi.spyOn(CountedConnection.prototype, 'sctp', 'get')
    const { offerer, answerer } = await connectedPair()
    for (const end of [offerer, answerer]) {
      await located(end)
      expect([end.located[0], end.negotiator.path(undefined)]).toEqual([false, 'direct'])
    }
    expect(asked).toContain('connected')
    expect(asked.every((state) => state === 'connected' || state === 'completed')).toBe(true)
    expect(touched).not.toHaveBeenCalled()
    expect([...offerer.errors, ...answerer.errors]).toEqual([])
  })

  test('that a browser will not tell is not waited for', async () => {
    sayNoPair()
    vi.spyOn(CountedConnection.prototype, 'getStats').mockRejectedValue(new TypeError('no statistics here'))
    const { offerer } = await connectedPair()
    await located(offerer)
    expect([offerer.located[0], offerer.negotiator.path(undefined)]).toEqual([undefined, undefined])
  })
})

describe('ICE', () => {
  /** Makes a connection say that it failed, as Chromium does 15 s after the path is cut. */
  function fail({ connection }: End): void {
    for (const property of ['connectionState', 'iceConnectionState'] as const) {
      // Under the fence, where the browser's own answer comes from.
      Object.defineProperty(CountedConnection.prototype, property, { configurable: true, get: () => 'failed' })
    }
    connection.dispatchEvent(new Event('iceconnectionstatechange'))
    connection.dispatchEvent(new Event('connectionstatechange'))
  }
  afterEach(() => {
    for (const property of ['connectionState', 'iceConnectionState'] as const) {
      Reflect.deleteProperty(CountedConnection.prototype, property)
    }
  })

  test('that failed is told as it is, and is not the end', async () => {
    const { offerer, answerer } = await connectedPair()
    fail(offerer)
    expect(offerer.states.at(-1)).toBe('failed')
    const received = messages(answerer.negotiator.lanes.control, 1)
    offerer.negotiator.lanes.control.send(new Uint8Array([1]))
    await received
    expect(offerer.errors).toEqual([])
  })

  test('restarts with fresh credentials, and the lanes stay open', async () => {
    const { offerer, answerer } = await connectedPair()
    offerer.negotiator.restartIce()
    await offerer.until(() => offerer.descriptions.length === 2)
    await answerer.until(() => answerer.descriptions.length === 2)
    const [before, after] = offerer.descriptions
    expect(after?.iceUfrag).not.toBe(before?.iceUfrag)
    expect(after?.fingerprint).toEqual(before?.fingerprint)
    const received = messages(answerer.negotiator.lanes.control, 1)
    offerer.negotiator.lanes.control.send(new Uint8Array([2]))
    expect((await received)[0]).toEqual(new Uint8Array([2]))
  })

  test('restarts though the offer before was never answered', async () => {
    const { offerer, answerer } = await connectedPair()
    const described = answerer.negotiator.describe
    answerer.negotiator.describe = () => {}
    offerer.negotiator.restartIce()
    await offerer.until(() => offerer.descriptions.length === 2)
    answerer.negotiator.describe = described
    offerer.negotiator.restartIce()
    await offerer.until(() => offerer.descriptions.length === 3)
    const settled = new Promise<void>((resolve) => {
      offerer.connection.addEventListener('signalingstatechange', () => {
        if (offerer.connection.signalingState === 'stable') resolve()
      })
    })
    await answerer.until(() => answerer.descriptions.length === 2)
    await settled
    expect([...offerer.errors, ...answerer.errors]).toEqual([])
  })

  test('has nothing to restart before the first answer', async () => {
    const { offerer, answerer } = pair()
    await offerer.until(() => offerer.descriptions.length === 1)
    offerer.negotiator.restartIce()
    await Promise.all([opened(offerer.negotiator.lanes), opened(answerer.negotiator.lanes)])
    expect(offerer.descriptions).toHaveLength(1)
  })

  test('is restarted by the offerer alone', () => {
    expect(() => open('answerer').negotiator.restartIce()).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('a remote that does not keep to the protocol', () => {
  test('opens a channel in-band', async () => {
    const raw = new CountedConnection()
    raw.addEventListener('icecandidate', ({ candidate }) => {
      const parsed = parseCandidate(candidate?.candidate ?? '')
      if (parsed !== undefined) offerer.negotiator.addCandidate(parsed)
    })
    const offerer = open('offerer', {
      onDescription: async (description) => {
        await raw.setRemoteDescription({ type: 'offer', sdp: sdpFromDescription(description, 'offer') })
        // As the DTLS client it numbers them 0, 2, 4 (RFC 8832 §6): two of ours, and one that is not.
        for (const label of ['a', 'b', 'c']) raw.createDataChannel(label)
        await raw.setLocalDescription()
        offerer.negotiator.describe(descriptionFromSdp(raw.localDescription?.sdp ?? ''))
      },
    })
    await offerer.until(() => offerer.states.includes('closed'))
    expect(offerer.errors).toMatchObject([{ code: 'peer-violation', source: 'remote' }])
    raw.close()
  })

  const offer: TransportDescription = {
    fingerprint: new Uint8Array(32),
    iceUfrag: 'abcd',
    icePwd: 'p'.repeat(22),
    setup: 'actpass',
    sctpPort: 5000,
    maxMessageSize: 262_144,
  }

  test('answers with an offer', async () => {
    const offerer = open('offerer')
    await offerer.until(() => offerer.descriptions.length === 1)
    offerer.negotiator.describe(offer)
    expect(offerer.errors).toMatchObject([{ code: 'peer-violation' }])
    expect(offerer.states).toEqual(['closed'])
  })

  test('offers with an answer', () => {
    const answerer = open('answerer')
    answerer.negotiator.describe({ ...offer, setup: 'active' })
    expect(answerer.errors).toMatchObject([{ code: 'peer-violation' }])
  })

  test('says what the browser refuses', async () => {
    const answerer = open('answerer')
    answerer.negotiator.describe({ ...offer, iceUfrag: 'a b' })
    await answerer.until(() => answerer.states.includes('closed'))
    expect(answerer.errors).toMatchObject([{ code: 'peer-violation', source: 'remote' }])
  })

  test('describes itself before its turn, or twice', async () => {
    const offerer = open('offerer')
    offerer.negotiator.describe({ ...offer, setup: 'active' })
    await offerer.until(() => offerer.descriptions.length === 1)
    const answerer = open('answerer')
    answerer.negotiator.describe(offerer.descriptions[0] as TransportDescription)
    answerer.negotiator.describe(offerer.descriptions[0] as TransportDescription)
    await answerer.until(() => answerer.descriptions.length === 1)
    offerer.negotiator.describe(answerer.descriptions[0] as TransportDescription)
    offerer.negotiator.describe(answerer.descriptions[0] as TransportDescription)
    await Promise.all([offerer, answerer].map((end) => end.until(() => end.candidates.length > 0)))
    for (const candidate of offerer.candidates) answerer.negotiator.addCandidate(candidate)
    for (const candidate of answerer.candidates) offerer.negotiator.addCandidate(candidate)
    await opened(offerer.negotiator.lanes)
    expect([...offerer.errors, ...answerer.errors]).toEqual([])
  })

  test('names addresses that no peer has', async () => {
    const { offerer, answerer } = pair()
    const candidate: Candidate = {
      foundation: '1',
      component: 1,
      transport: 'udp',
      priority: 2_122_260_223,
      address: '192.0.2.7',
      port: 5000,
      type: 'host',
    }
    const tried: (string | null | undefined)[] = []
    offerer.connection.addIceCandidate = async (init) => void tried.push(init?.candidate)
    for (const address of ['127.0.0.1', '::1', '224.0.0.1', 'fe80::1', 'evil.example', '0.0.0.0', '192.0.2.7\r\na=x']) {
      offerer.negotiator.addCandidate({ ...candidate, address })
    }
    for (const tcpType of ['active', 'passive', 'so'] as const) {
      offerer.negotiator.addCandidate({ ...candidate, transport: 'tcp', tcpType })
    }
    for (const port of [22, 53, 5060]) offerer.negotiator.addCandidate({ ...candidate, port })
    offerer.negotiator.addCandidate({ ...candidate, address: '64:ff9b::7f00:1' })
    offerer.negotiator.addCandidate({ ...candidate, address: '198.51.100.9' })
    await answerer.until(() => answerer.descriptions.length === 1)
    await offerer.until(() => offerer.connection.signalingState === 'stable')
    expect(tried.join()).toContain('198.51.100.9')
    expect(tried.join()).not.toMatch(
      / (127\.0\.0\.1|::1|224\.0\.0\.1|fe80::1|evil\.example|0\.0\.0\.0|192\.0\.2\.7|64:ff9b::7f00:1) \d+ typ host/,
    )
    expect(tried.join()).not.toContain('tcp')
    expect(offerer.errors).toEqual([])
  })
})

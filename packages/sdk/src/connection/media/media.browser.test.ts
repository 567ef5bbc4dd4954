import { LABELS_MAX, SDP_MAX_LENGTH } from '@kith/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { IncomingMedia, Media, Peer, RemoteTrack } from '../../api.ts'
import { messages } from '../../index.ts'
import {
  acquaint,
  call,
  connections,
  ended,
  friends,
  grows,
  nextCall,
  person,
  picture,
  play,
  tone,
  track,
  until,
} from './people.testing.ts'

afterEach(() => {
  for (const connection of connections.splice(0)) expect(connection.signalingState).toBe('closed')
})

/** What `media` was told, in order. */
function log(media: Media): string[] {
  const told: string[] = []
  media.on('track', (one) => told.push(`+${one.track.kind} ${one.label}`))
  media.on('trackended', (one) => told.push(`-${one.track.kind} ${one.label}`))
  return told
}

const isVideo = ({ track }: RemoteTrack) => track.kind === 'video'
const isAudio = ({ track }: RemoteTrack) => track.kind === 'audio'
const sections = () => Math.max(...connections.map((connection) => connection.getTransceivers().length))

/** A call between two who know each other; all of it is over when it is disposed of. */
async function inCall(): Promise<{ ada: Peer; bo: Peer; mine: Media; theirs: Media } & AsyncDisposable> {
  const [ada, bo] = await friends()
  const [mine, theirs] = await call(ada, bo)
  const dispose = async () => {
    await Promise.all([ada.close(), bo.close()])
  }
  return { ada, bo, mine, theirs, [Symbol.asyncDispose]: dispose }
}

describe('a call', () => {
  test('that is accepted: pictures move and sound arrives, both ways', async () => {
    await using people = await inCall()
    const { mine, theirs } = people
    const camera = await navigator.mediaDevices.getUserMedia({ audio: true, video: true })
    for (const one of camera.getTracks()) mine.addTrack(one)
    for (const one of camera.getTracks()) theirs.addTrack(one.clone())
    for (const media of [mine, theirs]) {
      const [seen, heard] = [await track(media, isVideo), await track(media, isAudio)]
      expect(seen.stream).toBe(heard.stream)
      expect(seen).toMatchObject({ label: 'camera', from: media.remote })
      expect(seen.stream.getTracks()).toHaveLength(2)
      expect(media.remoteTracks).toHaveLength(2)
      play(heard.stream)
      await grows(seen.track, 'framesDecoded')
      await grows(seen.track, 'framesDecoded')
      await grows(heard.track, 'totalAudioEnergy')
    }
    for (const one of camera.getTracks()) one.stop()
    // One section a kind carries both directions.
    expect(sections()).toBe(2)
  })

  test('that is declined is refused, and nothing of it reaches the connection', async () => {
    const [ada, bo] = await friends()
    await using _ada = ada
    await using _bo = bo
    bo.handleMedia('/call/v1', (ringing) => {
      ringing.decline()
      expect(() => ringing.accept()).toThrow(expect.objectContaining({ code: 'closed' }))
    })
    await expect(ada.openMedia(bo, '/call/v1')).rejects.toMatchObject({ code: 'refused', source: 'remote' })
    expect(sections()).toBe(0)
    // The connection is as good as before.
    const [mine, theirs] = await call(ada, bo, '/again/v1')
    theirs.addTrack(picture())
    await track(mine)
  })

  test('whose caller gives up is over for the callee', async () => {
    const [ada, bo] = await friends()
    await using _ada = ada
    await using _bo = bo
    const ringing = nextCall(bo)
    const giveUp = new AbortController()
    const calling = ada.openMedia(bo, '/call/v1', { signal: giveUp.signal, params: { about: 'lunch' } })
    const incoming = await ringing
    expect(incoming).toMatchObject({ params: { about: 'lunch' }, protocol: '/call/v1', remote: ada.id })
    expect(incoming.connection.contact?.name).toBe('Ada')
    giveUp.abort('changed my mind')
    await expect(calling).rejects.toMatchObject({ code: 'aborted', cause: 'changed my mind' })
    await incoming.closed
    expect(() => incoming.accept()).toThrow(expect.objectContaining({ code: 'closed' }))
    incoming.decline()
  })

  test('that nobody takes times out, for both', async () => {
    const [ada, bo] = await friends()
    await using _ada = ada
    await using _bo = bo
    const ringing = nextCall(bo)
    await ada.connect(bo)
    const calling = ada.openMedia(bo, '/call/v1', { timeoutMs: 500 })
    await expect(calling).rejects.toMatchObject({ code: 'timeout', name: 'TimeoutError' })
    await (await ringing).closed
  })

  test('that is accepted as the caller gives up ends at once', async () => {
    const [ada, bo] = await friends()
    await using _ada = ada
    await using _bo = bo
    const ringing = nextCall(bo)
    const giveUp = new AbortController()
    const calling = ada.openMedia(bo, '/call/v1', { signal: giveUp.signal })
    const incoming = await ringing
    const media = incoming.accept()
    expect(incoming.accept()).toBe(media)
    giveUp.abort()
    await expect(calling).rejects.toMatchObject({ code: 'aborted' })
    await Promise.all([incoming.closed, media.closed])
    expect(() => media.addTrack(picture())).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  test('is refused where the handler fails', async () => {
    const [ada, bo] = await friends()
    await using _ada = ada
    await using _bo = bo
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    bo.handleMedia('/call/v1', () => {
      throw new Error('no bell')
    })
    await expect(ada.openMedia(bo, '/call/v1')).rejects.toMatchObject({ code: 'refused' })
    expect(told).toHaveBeenCalledWith(expect.objectContaining({ message: 'no bell' }))
    told.mockRestore()
  })

  test('needs somebody who serves it, as a call', async () => {
    const [ada, bo] = await friends()
    await using _ada = ada
    await using _bo = bo
    bo.handle('/chat/v1', () => {})
    expect(() => bo.handleMedia('/chat/v1', () => {})).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    await expect(ada.openMedia(bo, '/call/v1')).rejects.toMatchObject({ code: 'unsupported-protocol' })
    await expect(ada.openMedia(bo, '/chat/v1')).rejects.toMatchObject({ code: 'unsupported-protocol' })
    expect(await ada.open(bo, '/chat/v1')).toMatchObject({ protocol: '/chat/v1' })
  })

  test('of a third person rings while one is on, and disturbs it no more than that', async () => {
    await using people = await inCall()
    const { ada, bo, mine, theirs } = people
    await using cy = await person('Cy')
    await acquaint(cy, bo)
    mine.addTrack(picture())
    const seen = await track(theirs)
    const busy: IncomingMedia[] = []
    bo.handleMedia('/call/v1', (incoming) => {
      busy.push(incoming)
      incoming.decline()
    })
    await expect(cy.openMedia(bo, '/call/v1')).rejects.toMatchObject({ code: 'refused' })
    expect(busy.map(({ remote }) => remote)).toEqual([cy.id])
    await grows(seen.track, 'framesDecoded')
    // Or it is taken, too.
    const [third] = await call(cy, bo, '/second-line/v1')
    third.addTrack(picture())
    expect([...bo.connections.keys()].sort()).toEqual([ada.id, cy.id].sort())
    await grows(seen.track, 'framesDecoded')
  })
})

describe('tracks', () => {
  test('are replaced mid-call: another picture in the same place, with no new ring', async () => {
    await using people = await inCall()
    const { bo, mine, theirs } = people
    let rings = 0
    bo.handleMedia('/call/v1', () => {
      rings += 1
    })
    const told = log(theirs)
    const face = mine.addTrack(picture(320))
    const seen = await track(theirs)
    await until(seen.track, 'frameWidth', (width) => width === 320)
    await face.replace(picture(640))
    await until(seen.track, 'frameWidth', (width) => width === 640)
    await face.replace(null)
    expect(face.sender?.track).toBe(null)
    await face.replace(picture(160))
    await until(seen.track, 'frameWidth', (width) => width === 160)
    expect(told).toEqual(['+video camera'])
    expect(rings).toBe(0)
    await expect(face.replace(tone())).rejects.toMatchObject({ code: 'invalid-argument' })
    face.remove()
    await expect(face.replace(picture())).rejects.toMatchObject({ code: 'closed' })
  })

  test('replaced by nothing before they ever flowed keep their place', async () => {
    await using people = await inCall()
    const { mine, theirs } = people
    const first = mine.addTrack(picture(), { label: 'first' })
    const emptied = first.replace(null)
    const second = mine.addTrack(picture(), { label: 'second' })
    await emptied
    expect(second.sender).not.toBe(first.sender)
    const seen = await track(theirs, ({ label }) => label === 'first')
    await first.replace(picture(640))
    await until(seen.track, 'frameWidth', (width) => width === 640)
  })

  test('added by both in the same instant arrive, twenty times over, and leave no more sections behind', async () => {
    await using people = await inCall()
    const { mine, theirs } = people
    const told = [log(mine), log(theirs)]
    const expected: string[] = []
    for (let round = 0; round < 20; round++) {
      const added = [mine.addTrack(picture()), theirs.addTrack(picture()), mine.addTrack(tone())]
      const [atTheirs, atMine] = await Promise.all([track(theirs, isVideo), track(mine, isVideo), track(theirs, isAudio)])
      if (round % 5 === 4) await Promise.all([grows(atTheirs.track, 'framesDecoded'), grows(atMine.track, 'framesDecoded')])
      const gone = [ended(mine), ended(theirs)]
      for (const one of added) one.remove()
      await Promise.all(gone)
      while (theirs.remoteTracks.length > 0) await ended(theirs)
      expected.push('+video camera', '-video camera')
    }
    expect(told[0]).toEqual(expected)
    expect(told[1]).toHaveLength(80)
    expect(sections()).toBe(2)
    for (const media of [mine, theirs]) expect(media.remoteTracks).toEqual([])
  })

  test('added by both in the first instant of a connection arrive', async () => {
    for (let round = 0; round < 5; round++) {
      await using people = await inCall()
      const { mine, theirs } = people
      for (const media of [mine, theirs]) for (let i = 0; i < 2; i++) media.addTrack(picture(), { label: `${i}` })
      theirs.addTrack(tone())
      for (const media of [mine, theirs]) for (let i = 0; i < 2; i++) await track(media, ({ label }) => label === `${i}`)
      await track(mine, isAudio)
      expect(sections()).toBe(3)
    }
  })

  test('come and go one by one, with the same track too', async () => {
    await using people = await inCall()
    const { mine, theirs } = people
    const told = log(theirs)
    const face = picture()
    for (let round = 0; round < 3; round++) {
      const sent = mine.addTrack(face)
      const seen = await track(theirs)
      const gone = ended(theirs)
      sent.remove()
      sent.remove()
      expect(await gone).toBe(seen)
      expect(seen.stream.getTracks()).toEqual([])
    }
    expect(told).toEqual(['+', '-', '+', '-', '+', '-'].map((sign) => `${sign}video camera`))
  })

  test('removed and added in one breath are another track', async () => {
    await using people = await inCall()
    const { mine, theirs } = people
    const told = log(theirs)
    const face = mine.addTrack(picture())
    await track(theirs)
    face.remove()
    mine.addTrack(picture(), { label: 'screen' })
    await track(theirs, ({ label }) => label === 'screen')
    expect(told).toEqual(['+video camera', '-video camera', '+video screen'])
  })

  test('of one label share a stream, and only those', async () => {
    await using people = await inCall()
    const { mine, theirs } = people
    mine.addTrack(picture())
    mine.addTrack(tone())
    mine.addTrack(picture(), { label: 'screen' })
    mine.addTrack(tone(880), { label: 'screen' })
    const labels = ['camera', 'screen']
    const streams: MediaStream[] = []
    for (const label of labels) {
      const pair = [isVideo, isAudio].map((is) => track(theirs, (one) => is(one) && one.label === label))
      const [seen, heard] = await Promise.all(pair)
      expect(seen?.stream).toBe(heard?.stream)
      if (seen) streams.push(seen.stream)
    }
    expect(new Set(streams).size).toBe(2)
    for (const stream of streams) expect(stream.getTracks()).toHaveLength(2)
  })

  test('are limited, and said to be when they are added', async () => {
    await using people = await inCall()
    const { mine, theirs } = people
    const face = picture()
    const sent = [face, picture(), picture(), picture()].map((one, i) => mine.addTrack(one, { label: `${i}` }))
    expect(() => mine.addTrack(picture())).toThrow(expect.objectContaining({ code: 'too-many' }))
    for (let i = 0; i < 4; i++) await track(theirs, ({ label }) => label === `${i}`)
    sent[3]?.remove()
    expect(() => mine.addTrack(face)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(() => mine.addTrack(picture(), { label: 'x'.repeat(65) })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
    const label = 'x'.repeat(64)
    mine.addTrack(picture(), { label })
    await track(theirs, (one) => one.label === label)
    // As many the other way, and of the other kind: the largest description there can be.
    for (let i = 0; i < 4; i++) theirs.addTrack(picture(), { label: `${i}` })
    for (let i = 0; i < 4; i++) theirs.addTrack(tone(), { label: `${i}` })
    for (const one of [picture(), tone()]) {
      expect(() => theirs.addTrack(one)).toThrow(expect.objectContaining({ code: 'too-many' }))
    }
    for (const is of [isVideo, isAudio]) {
      for (let i = 0; i < 4; i++) await track(mine, (one) => is(one) && one.label === `${i}`)
    }
    expect(sections()).toBe(8)
    for (const { localDescription } of connections) {
      const { sdp = '' } = localDescription ?? {}
      expect(sdp.length).toBeLessThan(SDP_MAX_LENGTH / 2)
      for (const section of sdp.split(/^(?=m=video)/m).slice(1)) {
        const codecs = section.split(/^m=/m)[1]?.match(/(?<=a=rtpmap:\d+ )(?!rtx)\S+/g)
        expect(codecs).toContain('VP8/90000')
        expect(codecs).toEqual([...new Set(codecs)])
      }
    }
    expect(mine.connection.state).toBe('connected')
  })
})

describe('a Media', () => {
  test('has as many labels as there may be, in use or not, and not one more', async () => {
    await using people = await inCall()
    const { mine } = people
    const sound = tone()
    for (let n = 0; n < LABELS_MAX; n++) mine.addTrack(sound, { label: `${n}` }).remove()
    expect(() => mine.addTrack(sound, { label: 'one more' })).toThrow(expect.objectContaining({ code: 'too-many' }))
    expect(() => mine.addTrack(sound, { label: '0' })).not.toThrow()
  })
})

describe('the end', () => {
  test('of a Media takes its tracks with it, on both sides, and leaves the connection', async () => {
    await using people = await inCall()
    const { ada, bo, mine, theirs } = people
    const sent = mine.addTrack(picture())
    theirs.addTrack(tone())
    const [seen, heard] = [await track(theirs), await track(mine)]
    const gone = [ended(theirs), ended(mine)]
    mine.close()
    mine.close()
    expect(await Promise.all(gone)).toEqual([seen, heard])
    await Promise.all([mine.closed, theirs.closed])
    expect(mine.remoteTracks).toEqual([])
    await expect(sent.replace(null)).rejects.toMatchObject({ code: 'closed' })
    expect(() => theirs.addTrack(picture())).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(ada.connections.get(bo.id)?.state).toBe('connected')
    // The next one begins afresh.
    const [next, taken] = await call(bo, ada, '/back/v1')
    next.addTrack(picture())
    await grows((await track(taken)).track, 'framesDecoded')
  })

  test('of a connection ends its Media, and its calls that ring', async () => {
    await using people = await inCall()
    const { ada, bo, mine, theirs } = people
    mine.addTrack(picture())
    await track(theirs)
    const ringing = nextCall(bo, '/ring/v1')
    const { connection } = mine
    while (!connection.protocols.has('/ring/v1')) await new Promise((resolve) => connection.on('protocols', resolve))
    const calling = ada.openMedia(bo, '/ring/v1')
    const incoming = await ringing
    const gone = ended(theirs)
    const refused = expect(calling).rejects.toMatchObject({ code: 'closed' })
    await connection.close()
    await Promise.all([gone, refused])
    for (const { closed } of [mine, theirs, incoming]) await expect(closed).rejects.toMatchObject({ code: 'closed' })
    expect(() => incoming.accept()).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(() => theirs.addTrack(picture())).toThrow(expect.objectContaining({ code: 'closed' }))
  })
})

describe('one connection', () => {
  test('carries several Media, opened by either side, and keeps them apart', async () => {
    await using people = await inCall()
    const { ada, bo, mine, theirs } = people
    const [share, shared] = await call(bo, ada, '/share/v1')
    expect(share.connection).toBe(theirs.connection)
    mine.addTrack(picture(160))
    theirs.addTrack(picture(240))
    share.addTrack(picture(320))
    const [a, b, c] = [await track(theirs), await track(mine), await track(shared)]
    for (const [{ track: of }, expected] of [
      [a, 160],
      [b, 240],
      [c, 320],
    ] as const) {
      await until(of, 'frameWidth', (width) => width === expected)
    }
    for (const media of [mine, theirs, shared]) expect(media.remoteTracks).toHaveLength(1)
    expect(share.remoteTracks).toEqual([])
    const gone = ended(shared)
    share.close()
    expect(await gone).toBe(c)
    await grows(a.track, 'framesDecoded')
    await grows(b.track, 'framesDecoded')
  })

  test('goes on with its streams while tracks come and go', async () => {
    await using people = await inCall()
    const { ada, bo, mine, theirs } = people
    bo.handle('/echo/v1', async (stream) => {
      const chat = messages(stream)
      for await (const { data } of chat) await chat.send(data)
      await chat.close()
    })
    const { connection } = mine
    while (!connection.protocols.has('/echo/v1')) await new Promise((resolve) => connection.on('protocols', resolve))
    const chat = messages(await ada.open(bo, '/echo/v1'))
    let isDone = false
    let count = 0
    let echoed: () => void = () => {}
    const echoes = (async () => {
      for await (const { data } of chat) {
        expect(data).toEqual(new Uint8Array(1000).fill(count++ % 256))
        echoed()
        if (isDone) break
        await chat.send(new Uint8Array(1000).fill(count % 256))
      }
    })()
    await chat.send(new Uint8Array(1000))
    for (let round = 0; round < 5; round++) {
      const sent = [mine.addTrack(picture()), theirs.addTrack(picture())]
      await Promise.all([track(theirs), track(mine)])
      const gone = [ended(theirs), ended(mine)]
      for (const one of sent) one.remove()
      const another = new Promise<void>((resolve) => {
        echoed = resolve
      })
      await Promise.all([...gone, another])
    }
    isDone = true
    await echoes
    expect(count).toBeGreaterThan(5)
  })
})

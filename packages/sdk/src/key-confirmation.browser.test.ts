// RFC 8844: Mallory, whom Alice and Bob both know, passes Alice's description on to Bob as her own, and Bob's to Alice. Every
// signature is right and every fingerprint authenticated, and the DTLS connection that comes up is one between Alice and Bob, each
// of whom takes the other for Mallory.
import { type Bytes, confirmation, type TransportDescription } from '@kith/protocol'
import { expect, test } from 'vitest'
import { createNegotiator, type Negotiator } from './path/webrtc/negotiator.ts'
import { Link } from './session/link.ts'

interface End {
  readonly negotiator: Negotiator
  readonly description: Promise<TransportDescription>
}

/** Two real RTCPeerConnections, brought together by whoever carries their descriptions. */
function connect(): [End, End] {
  const ends: End[] = []
  const end = (role: 'offerer' | 'answerer', other: () => End | undefined): End => {
    let say: (description: TransportDescription) => void = () => {}
    const description = new Promise<TransportDescription>((resolve) => {
      say = resolve
    })
    const negotiator = createNegotiator({
      role,
      iceServers: [],
      iceTransportPolicy: 'all',
      onDescription: (own) => {
        say(own)
        other()?.negotiator.describe(own)
      },
      onCandidate: (candidate) => other()?.negotiator.addCandidate(candidate),
      onCandidatesEnd: () => {},
      onPath: () => {},
      onState: () => {},
      onError: () => {},
    })
    ends.push({ negotiator, description })
    return { negotiator, description }
  }
  return [end('offerer', () => ends[1]), end('answerer', () => ends[0])]
}

interface Told {
  readonly link: Link
  readonly heard: string[]
}

function link(end: End, role: 0 | 1, bindKey: Bytes, own: TransportDescription, peer: TransportDescription): Told {
  const heard: string[] = []
  const it = new Link({
    lanes: end.negotiator.lanes,
    role,
    confirmation: {
      ours: confirmation(bindKey, role, own.fingerprint, peer.fingerprint),
      theirs: confirmation(bindKey, role === 0 ? 1 : 0, peer.fingerprint, own.fingerprint),
    },
    instance: crypto.getRandomValues(new Uint8Array(16)),
    protocols: ['/secret/v1'],
    maxMessageSize: peer.maxMessageSize,
    onIncoming: ({ protocol }) => {
      heard.push(protocol)
      return () => {}
    },
  })
  return { link: it, heard }
}

async function meet(bobsKey: Bytes, alicesKey: Bytes): Promise<[Told, Told]> {
  const [bob, alice] = connect()
  const [bobs, alices] = await Promise.all([bob.description, alice.description])
  return [link(bob, 1, bobsKey, bobs, alices), link(alice, 0, alicesKey, alices, bobs)]
}

const key = (): Bytes => crypto.getRandomValues(new Uint8Array(32))

test('whoever shares a handshake and a DTLS connection gets through', async () => {
  const shared = key()
  const [bob, alice] = await meet(shared, shared)
  await Promise.all([bob.link.ready, alice.link.ready])
  const stream = await alice.link.open(['/secret/v1'])
  await stream.writable.close()
  expect(bob.heard).toEqual(['/secret/v1'])
  await alice.link.close()
})

test('Mallory in the middle: both ends abort, and no application byte passes', async () => {
  const [bob, alice] = await meet(key(), key())
  // Settled at once: they reject while we still look at the first link.
  const secrets = Promise.allSettled(
    [bob, alice].map(async ({ link }) => {
      const stream = await link.open(['/secret/v1'])
      await stream.writable.getWriter().write(new TextEncoder().encode('for Mallory only'))
    }),
  )
  for (const { link } of [bob, alice]) {
    await expect(link.ready).rejects.toMatchObject({ code: expect.stringMatching(/^(peer-violation|lost)$/) })
    await expect(link.closed).rejects.toMatchObject({ code: expect.stringMatching(/^(peer-violation|lost)$/) })
  }
  // Whoever looked first has closed; at least one of them saw the wrong confirmation itself.
  const codes = await Promise.all([bob, alice].map(({ link }) => link.closed.catch(({ code }: { code: string }) => code)))
  expect(codes).toContain('peer-violation')
  for (const secret of await secrets) expect(secret.status).toBe('rejected')
  expect([...bob.heard, ...alice.heard]).toEqual([])
  expect([bob, alice].map(({ link }) => link.stats.streams)).toEqual([0, 0])
})

// A contact is any program. Whatever it does to the handlers that people copy from README.md, the page has no error that it did not
// catch, and the next one is served.
import { type Bytes, identityFromSeed, type ProtocolName, pack } from '@kith/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { dialPeer, frames, type LinkByHand, type RtcByHand } from '../../test-kit/src/index.ts'
import { picture } from './connection/media/people.testing.ts'
import { type Datagrams, messages, type Peer } from './index.ts'
import { acquaint, person } from './people.testing.ts'
import * as handlers from './readme-handlers.testing.ts'

const uncaught: unknown[] = []
const caught = (event: Event) => {
  uncaught.push(event instanceof ErrorEvent ? event.error : (event as PromiseRejectionEvent).reason)
  // The runner would fail at once, without saying which attack it was.
  event.preventDefault()
  event.stopImmediatePropagation()
}
beforeEach(() => {
  uncaught.length = 0
  for (const type of ['error', 'unhandledrejection']) window.addEventListener(type, caught, true)
  for (const quiet of ['log', 'error'] as const) vi.spyOn(console, quiet).mockImplementation(() => {})
  vi.spyOn(window, 'confirm').mockReturnValue(true)
  document.body.innerHTML = '<input><video autoplay playsinline></video><button id="hangup"></button>'
})
afterEach(() => {
  vi.restoreAllMocks()
  for (const type of ['error', 'unhandledrejection']) window.removeEventListener(type, caught, true)
})

/** Everything that README.md and the examples serve, by one peer. */
function serveAll(victim: Peer): void {
  const camera = new MediaStream([picture()])
  handlers.chat(victim)
  handlers.call(victim, camera)
  handlers.document_(victim)
  handlers.echo(victim)
  handlers.arena(victim, (_, datagram) => void new DataView(datagram.buffer, datagram.byteOffset).getFloat64(0))
  handlers.json(victim)
  victim.handle('/talk/v1', handlers.talk)
  handlers.game(victim)
  handlers.file(victim, async ({ suggestedName }) => ({
    createWritable: async () => new WritableStream({ start: () => void suggestedName.length }),
  }))
  handlers.inviteCall(victim, camera)
}

const KINDS: readonly (readonly [ProtocolName, 'stream' | 'datagrams' | 'media'])[] = [
  ['/chat/v1', 'stream'],
  ['/document/v1', 'stream'],
  ['/echo/v1', 'stream'],
  ['/json/v1', 'stream'],
  ['/talk/v1', 'stream'],
  ['/file/v1', 'stream'],
  ['/arena/v1', 'datagrams'],
  ['/game/v1', 'datagrams'],
  ['/call/v1', 'media'],
  ['/ring/v1', 'media'],
]

const text = (said: string): Bytes => new TextEncoder().encode(said) as Bytes
const framed = (bytes: Uint8Array): Bytes => new Uint8Array([bytes.length, ...bytes])

type Attack = (link: LinkByHand, stream: number, rtc: RtcByHand) => void

/** After its OPEN has been accepted. */
const ATTACKS: Readonly<Record<string, Attack>> = {
  'resets at once': (link, stream) => link.bytes('bulk', frames.reset(stream, 7)),
  'resets after some bytes': (link, stream) => {
    link.bytes('bulk', frames.data(stream, Uint8Array.of(5, 1)))
    link.bytes('bulk', frames.reset(stream, 0))
  },
  'closes within a message': (link, stream) => {
    link.bytes('bulk', frames.data(stream, Uint8Array.of(9, 1, 2)))
    link.bytes('bulk', frames.fin(stream))
  },
  'says a length beyond any size': (link, stream) => link.bytes('bulk', frames.data(stream, new Uint8Array(12).fill(0xff))),
  'says a length beyond the limit': (link, stream) =>
    link.bytes('bulk', frames.data(stream, Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0))),
  'says a length that is not in its shortest form': (link, stream) =>
    link.bytes('bulk', frames.data(stream, Uint8Array.of(0x80, 0))),
  'says what is no text, no JSON and no update': (link, stream) => {
    for (const junk of [Uint8Array.of(0xff, 0xfe, 0), text('not JSON'), text('null'), text('{"text":1}'), text('')]) {
      link.bytes('bulk', frames.data(stream, framed(junk)))
    }
  },
  'aborts its half': (link, stream) => link.bytes('bulk', frames.abort(stream, 3)),
  'reads no more': (link, stream) => link.bytes('bulk', frames.stop(stream, 4)),
  'reads no more, and goes on writing': (link, stream) => {
    link.bytes('bulk', frames.stop(stream, 4))
    link.bytes('bulk', frames.data(stream, framed(text('{"text":"hello"}'))))
    link.bytes('bulk', frames.fin(stream))
  },
  'closes at once': (link, stream) => link.bytes('bulk', frames.fin(stream)),
  'sends short datagrams': (link, stream) => {
    for (let n = 0; n < 50; n++) link.bytes('datagrams', new Uint8Array([stream, ...new Uint8Array(n % 3)]))
  },
  'says of its tracks what is no message': (link, stream) =>
    link.bytes('bulk', frames.data(stream, framed(pack([9, 'x', null])))),
  'says goodbye within a message': (link, stream) => {
    link.bytes('bulk', frames.data(stream, Uint8Array.of(9, 1, 2)))
    link.say({ type: 'goaway', code: 0, reason: '\u202e' })
  },
  'breaks a rule of the link': (link) => link.bytes('bulk', frames.data(999, Uint8Array.of(1))),
  disappears: (link, stream, { connection }) => {
    link.bytes('bulk', frames.data(stream, Uint8Array.of(9, 1, 2)))
    connection.close()
  },
}
const ENDS_LINK = ['says goodbye within a message', 'breaks a rule of the link', 'disappears']

const PARAMS: readonly unknown[] = [undefined, null, 7, [], { name: null, size: 'x' }, { name: '\u202egnp.exe', size: -1 }]

test('no remote makes an error that the page did not catch, and the next one is served', async () => {
  const [victim, honest] = [await person(), await person()]
  await acquaint(victim, honest)
  serveAll(victim)
  const me = identityFromSeed(crypto.getRandomValues(new Uint8Array(32)))
  await victim.contacts.add({ id: me.id, name: 'Mallory' })

  for (const [what, attack] of Object.entries(ATTACKS)) {
    const tests = ENDS_LINK.includes(what) ? KINDS.map((one) => [one]) : [KINDS]
    for (const kinds of tests) {
      using rtc = await dialPeer(victim, me)
      const { link } = rtc
      await link.greet()
      const closed = victim.connections.get(me.id)?.closed.catch(() => undefined)
      let stream = -1
      const streams: number[] = []
      for (const [protocol, kind] of kinds) {
        for (const params of ENDS_LINK.includes(what) ? [undefined] : PARAMS) {
          stream += 2
          streams.push(stream)
          link.bytes('bulk', frames.open(stream, protocol, undefined, { kind, params }))
        }
      }
      for (const id of streams) await link.frames.next((frame) => frame.type === 'accept' && frame.stream === id)
      for (const id of streams) attack(link, id, rtc)
      // Somebody types while that is under way.
      document.querySelector('input')?.dispatchEvent(new Event('change'))
      // Where that ended one conversation and no more, the next is served on the same link.
      if (link.lanes.bulk.readyState === 'open') {
        link.bytes('bulk', frames.open(stream + 2, '/echo/v1', Uint8Array.of(42)))
        link.bytes('bulk', frames.fin(stream + 2))
        await link.frames.next((frame) => frame.type === 'fin' && frame.stream === stream + 2)
        if (link.lanes.control.readyState === 'open') link.say({ type: 'goaway', code: 0, reason: '' })
      }
      await closed
      document.querySelector('input')?.dispatchEvent(new Event('change'))
      // Rejections that were not handled are told in a task of their own.
      await new Promise((resolve) => setTimeout(resolve, 0))
      expect(uncaught.splice(0), `${what}: ${kinds.join()}`).toEqual([])
    }
  }

  const line = messages(await honest.open(victim, '/chat/v1'))
  await line.send('hello')
  await line.close()
  const echo = await honest.open(victim, '/echo/v1')
  const writer = echo.writable.getWriter()
  await writer.write(text('still there'))
  await writer.close()
  expect(await new Response(echo.readable).text()).toBe('still there')
  const flow: Datagrams = await honest.openDatagrams(victim, '/arena/v1')
  flow.close()
  const call = await honest.openMedia(victim, '/call/v1')
  call.close()
  expect([...victim.connections.keys()]).toEqual([honest.id])
  expect(uncaught).toEqual([])
  await Promise.all([victim.close(), honest.close()])
})

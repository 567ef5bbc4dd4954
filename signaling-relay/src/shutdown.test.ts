/** The end of a relay that ten thousand clients are connected to: the command line as it is shipped, and the clients in a process of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterEach, beforeAll, expect, test } from 'vitest'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
/** Under node_modules, so that what the build leaves outside (`ws`) is found from there. */
const OUT = at('../../node_modules/.cache/kith-relay-shutdown-test')

/** As many as the relay takes by default, if each process here may have so many files. */
const CLIENTS = Math.min(
  10_000,
  Number(/Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024) - 256,
)

/** WebSockets by hand, a hundred handshakes at a time; says how many there are, and how many were told of the restart. */
const CROWD = `
  const { connect } = require('node:net')
  const [port, count, manners] = [Number(process.argv[1]), Number(process.argv[2]), process.argv[3]]
  let started = 0, open = 0, told = 0, ended = 0
  const hello = 'GET /relay HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\n' +
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n\\r\\n'
  function one() {
    if (started++ >= count) return
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: manners !== 'polite' })
    let isOpen = false
    socket.on('error', () => {})
    socket.on('connect', () => socket.write(hello))
    socket.on('data', (data) => {
      if (!isOpen) {
        isOpen = true
        if (++open === count) console.log('open')
        if (manners === 'mute') socket.pause()
        one()
      } else if (data.includes('reconnectInMs')) {
        told++
        // RFC 6455 §5.5.1: an empty Close, masked with zeros.
        if (manners === 'polite') socket.end(Buffer.from([0x88, 0x80, 0, 0, 0, 0]))
      }
    })
    socket.on('close', () => { if (++ended === count) console.log('told', told) })
  }
  for (let n = 0; n < 100; n++) one()`

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function run(...args: string[]): { child: ChildProcess; line: () => Promise<string> } {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, line: async () => String((await lines.next()).value) }
}

/** What a process takes that does nothing: some 50 ms, and more on a machine that others share. The system's part of our two seconds grows with it. */
async function timeOfNothing(): Promise<number> {
  const started = performance.now()
  await once(run('-e', '0').child, 'exit')
  return performance.now() - started
}

beforeAll(async () => {
  await build({ configFile: at('../../vite.config.ts'), mode: 'relay', logLevel: 'warn', build: { outDir: OUT } })
}, 120_000)

test.each(['polite', 'mute'])(
  `SIGTERM ends a relay with ${CLIENTS} clients that are %s within two seconds`,
  async (manners) => {
    const limits = [`socketsPerPrefix=${CLIENTS}`, 'acceptsPerPrefix=1000000', 'firstBindMs=600000', 'handshakeMs=60000']
    const relay = run(`${OUT}/cli.js`, '--port', '0', '--host', '127.0.0.1', ...limits.flatMap((limit) => ['--limit', limit]))
    const port = /:(\d+)$/.exec(await relay.line())?.[1] ?? ''
    const crowd = run('-e', CROWD, port, String(CLIENTS), manners)
    expect(await crowd.line()).toBe('open')
    const slownessMs = await timeOfNothing()
    const exited = once(relay.child, 'exit')
    const started = performance.now()
    relay.child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    const tookMs = performance.now() - started
    expect(tookMs).toBeLessThan(2_000 + 4 * slownessMs)
  },
  300_000,
)

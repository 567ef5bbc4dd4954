/** The command line as it is shipped: built, and run by Node. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { decodeRelayFrame, RELAY_LIMITS } from '@kith/protocol'
import { build } from 'vite'
import { beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
/** Under node_modules, so that what the build leaves outside (`ws`) is found from there. */
const OUT = at('../../node_modules/.cache/kith-relay-cli-test')

beforeAll(async () => {
  await build({ configFile: at('../../vite.config.ts'), mode: 'relay', logLevel: 'warn', build: { outDir: OUT } })
}, 120_000)

const run = (...flags: string[]) => spawn(process.execPath, [`${OUT}/cli.js`, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })

async function outcome(...flags: string[]) {
  const child = run(...flags)
  const texts = { out: '', err: '' }
  child.stdout.on('data', (data: Buffer) => {
    texts.out += data
  })
  child.stderr.on('data', (data: Buffer) => {
    texts.err += data
  })
  const [code] = (await once(child, 'close')) as [number]
  return { code, ...texts }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text
}

test.each([
  [['--bogus'], "Unknown option '--bogus'"],
  [['extra'], "Unexpected argument 'extra'."],
  [['--port'], "Option '--port <value>' argument missing"],
  [['--port', '65536'], "--port takes a number from 0 to 65535, not '65536'."],
  [['--port', '8e3'], "--port takes a number from 0 to 65535, not '8e3'."],
  [['--limit', 'sockets'], "--limit takes NAME=VALUE with a whole number, not 'sockets'."],
  [['--limit', 'sockets=-1'], "--limit takes NAME=VALUE with a whole number, not 'sockets=-1'."],
  [['--limit', 'toString=1'], "There is no limit named 'toString'. --help lists them."],
  [['--origin', 'https://relay.example'], 'Not a WebSocket origin like wss://relay.example: https://relay.example'],
  [['--static', '/there/is/none'], 'There is no such folder: /there/is/none.'],
])('%j is a mistake: a sentence and exit 2', async (flags, sentence) => {
  expect(await outcome(...flags)).toEqual({ code: 2, out: '', err: `kith-relay: ${sentence}\n` })
})

test('--help names every flag and every limit', async () => {
  const { code, out } = await outcome('--help')
  expect(code).toBe(0)
  for (const flag of ['--port', '--host', '--origin', '--static', '--limit', '--trust-proxy']) expect(out).toContain(flag)
  for (const [name, value] of Object.entries(RELAY_LIMITS)) expect(out).toContain(`${name}=${value}\n`)
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  'it says where it is, and on %s tells its clients and exits in time',
  async (signal) => {
    const child = run('--port', '0', '--host', '127.0.0.1', '--limit', 'sendBurst=3')
    const line = await firstLine(child)
    expect(line).toMatch(/^Kith relay is ready at http:\/\/localhost:\d+\n$/)
    const client = new WebSocket(
      `${line.trim().replace('Kith relay is ready at http', 'ws').replace('localhost', '127.0.0.1')}/relay`,
    )
    const [challenge] = (await once(client, 'message')) as [Buffer]
    expect(decodeRelayFrame(challenge)).toMatchObject({ type: 'challenge', limits: { sendBurst: 3 } })
    const told = once(client, 'message') as Promise<[Buffer]>
    const exited = once(child, 'exit')
    const started = performance.now()
    child.kill(signal)
    expect(decodeRelayFrame((await told)[0])).toMatchObject({ type: 'notice', notice: { code: 'restarting' } })
    expect(await exited).toEqual([0, null])
    expect(performance.now() - started).toBeLessThan(2000)
  },
)

test('with a page to serve it is Kith', async () => {
  const child = run('--port', '0', '--host', '127.0.0.1', '--static', at('.'))
  expect(await firstLine(child)).toMatch(/^Kith is ready at http:\/\/localhost:\d+\n$/)
  child.kill('SIGTERM')
  await once(child, 'exit')
})

test.each([
  [
    [],
    'Without --origin only clients that dial localhost or a private network are taken. For a public host: --origin wss://HOST\n',
  ],
  [['--origin', 'wss://relay.example'], ''],
])('with %j what has to be known of origins is said at the start', async (flags, said) => {
  const child = run('--port', '0', '--host', '127.0.0.1', ...flags)
  let err = ''
  child.stderr.on('data', (data: Buffer) => {
    err += data
  })
  await firstLine(child)
  child.kill('SIGTERM')
  await once(child, 'close')
  // The last line is of its end.
  expect(err.replace(/^restarting: .*\n$/m, '')).toBe(said)
})

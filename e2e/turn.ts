/** A TURN server of one test's own: coturn, where it is installed (Debian: `apt-get install coturn`). */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Undefined where a test can have one, else why not. */
export function noTurn(): string | undefined {
  if (spawnSync('turnserver', ['--version']).error) return 'There is no coturn here (Debian: apt-get install coturn).'
  // Candidates at a loopback address do not cross.
  return ownAddress() === undefined ? 'This machine has no address but loopback.' : undefined
}

export async function withTurn(use: (iceServers: RTCIceServer[]) => Promise<void>): Promise<void> {
  const address = ownAddress() ?? '127.0.0.1'
  const folder = await mkdtemp(join(tmpdir(), 'kith-turn-'))
  const port = await freePort()
  const server = spawn(
    'turnserver',
    [
      ...['-n', '--no-cli', '--no-tls', '--no-dtls', '--lt-cred-mech', '--user', 'ada:lovelace', '--realm', 'kith.test'],
      ...['--listening-ip', address, '--relay-ip', address, '--listening-port', String(port)],
      ...['--log-file', 'stdout', '--pidfile', join(folder, 'pid'), '--db', join(folder, 'db')],
    ],
    { stdio: 'ignore' },
  )
  try {
    await listening(server, address, port)
    await use([{ urls: `turn:${address}:${port}?transport=udp`, username: 'ada', credential: 'lovelace' }])
  } finally {
    const gone = once(server, 'exit')
    if (server.exitCode === null && server.kill()) await gone
    await rm(folder, { recursive: true })
  }
}

function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves once it answers a binding request (RFC 8489 §3): what it logs stays in its buffer. */
async function listening(server: ChildProcess, address: string, port: number): Promise<void> {
  const socket = createSocket('udp4')
  const request = Buffer.alloc(20)
  request.writeUInt16BE(0x0001, 0)
  request.writeUInt32BE(0x2112a442, 4)
  const ask = setInterval(() => socket.send(request, port, address), 50)
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('message', () => resolve())
      server.once('exit', (code) => reject(new Error(`coturn ended with ${code}`)))
    })
  } finally {
    clearInterval(ask)
    socket.close()
  }
}

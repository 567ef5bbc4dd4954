// Network namespaces, so that nothing of a run leaves the machine or meets what is on it. Linux, root, `unshare` and `ip`.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { here } from '../build.mjs'

/** Set within a namespace of our own. */
const INSIDE = 'KITH_BENCH_NAMESPACE'

/** Why there can be no namespace here; undefined where there can. */
export function namespaceObstacle() {
  if (process.platform !== 'linux') return 'not Linux'
  if (process.getuid() !== 0) return 'not root'
  for (const command of ['unshare', 'nsenter', 'ip']) {
    if (spawnSync(command, ['-V']).error) return `no ${command}`
  }
  return spawnSync('unshare', ['--net', 'true']).status === 0 ? undefined : 'unshare is refused'
}

export const isInside = () => process.env[INSIDE] !== undefined

/** Runs this very program again inside a namespace, and ends with it. */
export function runInside() {
  const child = spawn('unshare', ['--net', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: 'yes' },
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => process.exit(code ?? 1))
}

/** Chromium gathers candidates where there is an interface with an address and a default route. */
export function setUpInside() {
  ip('link set lo up')
  ip('link add bench0 type veth peer name bench1')
  ip('address add 10.8.0.1/24 dev bench0')
  ip('link set bench0 up')
  ip('link set bench1 up')
  ip('route add default dev bench0')
}

/** Bytes that may wait for the bottleneck: 50 ms of it, and no less than this. */
const QUEUE_LEAST_BYTES = 64 * 1024
/** Of the losses. Any number would do; one that stays lets runs be compared. */
const LOSS_SEED = 20

/**
 * A second namespace, joined to this one by a path that `set` can slow down. Call instead of `setUpInside`, within a namespace.
 * @returns {Promise<{ host: string, wrapper(program: string): string, set(path: Path): Promise<void>, udp(): UdpCounts, close(): void }>}
 *   `host`: this side's address; `wrapper`: a program that starts another over there; `set`: what each direction does from now on,
 *   nothing at first; `udp`: datagrams at both ends so far
 * @typedef {{ received: number, dropped: number }} UdpCounts `dropped`: a socket had no room, since its reader had no time
 * @typedef {{ delayMs: number, rateMbit: number, lossPercent: number }} Path one way, the same in either direction; a rate of 0: no limit
 */
export async function joinNamespace() {
  const folder = mkdtempSync(join(tmpdir(), 'kith-bench-'))
  const program = join(folder, 'delay')
  if (spawnSync('cc', ['--version']).error) throw new Error('a path needs a C compiler: there is no cc')
  execFileSync('cc', ['-O2', '-o', program, here('network/delay.c')], { stdio: 'inherit' })
  const other = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await answer(other)
  const namespace = `/proc/${other.pid}/ns/net`
  const delay = spawn(program, [namespace, 'bench0'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await answer(delay)
  for (const [prefix, address] of [
    [[], '10.9.0.1'],
    [['nsenter', `--net=${namespace}`], '10.9.0.2'],
  ]) {
    ip('link set lo up', prefix)
    ip(`address add ${address}/24 dev bench0`, prefix)
    ip('link set bench0 mtu 1500 txqueuelen 10000 up', prefix)
    ip('route add default dev bench0', prefix)
  }
  return {
    host: '10.9.0.1',
    wrapper(target) {
      const script = join(folder, 'there')
      writeFileSync(script, `#!/bin/sh\nexec nsenter --net=${namespace} "${target}" "$@"\n`)
      chmodSync(script, 0o755)
      return script
    },
    async set({ delayMs, rateMbit, lossPercent }) {
      const rateBytes = (rateMbit * 1e6) / 8
      const limitBytes = Math.max(QUEUE_LEAST_BYTES, rateBytes / 20)
      const setting = [delayMs * 1e3, rateBytes, limitBytes, lossPercent * 1e4].map(Math.round)
      const done = answer(delay)
      delay.stdin.write(`${[...setting, LOSS_SEED].join(' ')}\n`)
      await done
    },
    udp() {
      const counts = ['self', other.pid].map(udpCounts)
      const sum = (name) => counts.reduce((all, count) => all + count[name], 0)
      return { received: sum('InDatagrams'), dropped: sum('RcvbufErrors') }
    },
    close() {
      delay.stdin.end()
      other.stdin.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The kernel's counters of a process's namespace, by name. */
function udpCounts(pid) {
  const [names, values] = readFileSync(`/proc/${pid}/net/snmp`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Udp: '))
    .map((line) => line.split(' ').slice(1))
  return Object.fromEntries(names.map((name, at) => [name, Number(values[at])]))
}

/** The next line that a program of ours says; rejects if it ends instead. */
function answer(child) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`${child.spawnfile} ended with ${code}`))
    child.once('exit', ended)
    child.stdout.once('data', () => {
      child.off('exit', ended)
      resolve()
    })
  })
}

function ip(command, prefix = []) {
  const [program, ...rest] = [...prefix, 'ip', ...command.split(' ')]
  execFileSync(program, rest, { stdio: 'inherit' })
}

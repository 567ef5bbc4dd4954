/** A program in a Node of its own. It has to end by itself: only a test that has failed ends it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const SDK = fileURLToPath(new URL('../packages/sdk/dist/index.js', import.meta.url))
const PEER = fileURLToPath(new URL('node/peer.mjs', import.meta.url))
const ROOT = fileURLToPath(new URL('..', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export class NodeProcess {
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''
  readonly #waiting = new Set<() => void>()
  readonly ended: Promise<Ended>

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [...args], { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      for (const wake of this.#waiting) wake()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }))
    })
  }

  /** A program given as text; it may `await` at its top, and ends when nothing is left to do. */
  static program(code: string): NodeProcess {
    return new NodeProcess(['--input-type=module', '--eval', code])
  }

  /** A peer; see node/peer.mjs. */
  static peer(options: { wrtc: string; relays: string[]; link?: string; bytes: number }): NodeProcess {
    return new NodeProcess([PEER, JSON.stringify({ sdk: SDK, ...options })])
  }

  ask(command: 'send' | 'echo' | 'stats' | 'close'): void {
    this.#child.stdin?.write(`${command}\n`)
  }

  /** The first message that has `member`, now or later. */
  async said<T>(member: string): Promise<T> {
    for (;;) {
      for (const line of this.#stdout.split('\n').slice(0, -1)) {
        const message = JSON.parse(line) as Record<string, T>
        if (member in message) return message[member] as T
      }
      await new Promise<void>((resolve, reject) => {
        this.#waiting.add(resolve)
        void this.ended.then(({ code, stderr }) => reject(new Error(`ended with ${code} before it said '${member}': ${stderr}`)))
      })
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

/** The relay as people run it: its own process, on a port that it keeps when it comes back. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../signaling-relay/dist/cli.js', import.meta.url))
/** The relay and the script-tag build that others already run: see released/README.md. */
export const RELEASED_RELAY = fileURLToPath(new URL('released/relay-0.1.0/cli.js', import.meta.url))
export const RELEASED_GLOBAL_BUILD = fileURLToPath(new URL('released/kith-0.1.0.global.js', import.meta.url))
export const PAGE_FOLDER = fileURLToPath(new URL('../demo-app/dist', import.meta.url))
export const GLOBAL_BUILD = fileURLToPath(new URL('../packages/sdk/dist/kith.global.js', import.meta.url))

export class RelayProcess {
  #process: ChildProcess | undefined
  #port = 0
  readonly #folder: string
  readonly #cli: string

  /** Serves the page in `folder` too. `cli`: which relay. */
  constructor(folder = PAGE_FOLDER, cli = CLI) {
    this.#folder = folder
    this.#cli = cli
  }

  get port(): number {
    return this.#port
  }

  /** The page that it serves. */
  get page(): string {
    return `http://localhost:${this.#port}/`
  }

  get url(): string {
    return `ws://localhost:${this.#port}/relay`
  }

  /** Resolves once it says that it is ready. */
  async start(): Promise<void> {
    for (const built of [this.#cli, this.#folder, GLOBAL_BUILD]) {
      if (!existsSync(built)) throw new Error(`${built} is missing: run 'npm run build' first`)
    }
    const relay = spawn(process.execPath, [this.#cli, '--port', String(this.#port), '--static', this.#folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = relay
    this.#port = await new Promise<number>((resolve, reject) => {
      let said = ''
      relay.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const port = /ready at http:\/\/localhost:(\d+)/.exec(said)?.[1]
        if (port) resolve(Number(port))
      })
      // What it logs later is read, so that the pipe does not fill, and is not checked here.
      relay.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      relay.once('exit', (code) => reject(new Error(`the relay ended with ${code} before it was ready: ${said}`)))
    })
  }

  /** Resolves once the process is gone. */
  async stop(): Promise<void> {
    const relay = this.#process
    this.#process = undefined
    if (!relay || relay.exitCode !== null) return
    const gone = once(relay, 'exit')
    relay.kill('SIGTERM')
    await gone
  }
}

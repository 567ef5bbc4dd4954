/** What the relay answers over HTTP: its health, its counters, and the files of a built page. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { RelayMachine } from '@kith/protocol'
import { type DriverCounters, health, metrics } from './health.ts'
import type { PacedLog } from './paced-log.ts'
import { SECURITY_HEADERS, type StaticFiles } from './static-files.ts'

/** Where clients connect with a WebSocket. */
export const RELAY_PATH = '/relay'

interface PagesConfig {
  readonly files: StaticFiles | undefined
  readonly machine: RelayMachine
  readonly counters: DriverCounters
  readonly log: PacedLog
}

export class Pages {
  readonly #config: PagesConfig
  readonly #startedAt = performance.now()

  constructor(config: PagesConfig) {
    this.#config = config
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answerText(response, 405, 'text/plain', 'GET or HEAD only\n', { allow: 'GET, HEAD' })
      return
    }
    const { machine, counters, files } = this.#config
    const path = pathOf(request)
    switch (path) {
      case '/healthz':
        answerText(response, 200, 'application/json', health(machine, performance.now() - this.#startedAt))
        return
      case '/metrics':
        answerText(response, 200, 'text/plain; version=0.0.4', metrics(machine, counters))
        return
      case RELAY_PATH:
        answerText(response, 426, 'text/plain', 'A Kith relay: connect with a WebSocket.\n', { upgrade: 'websocket' })
        return
    }
    if (files === undefined) answerText(response, 404, 'text/plain', 'Not found\n')
    else inTurn(response, () => void this.#serve(files, path, request, response))
  }

  tooMany(response: ServerResponse): void {
    answerText(response, 429, 'text/plain', 'Too many requests of this client are under way.\n', { 'retry-after': '1' })
  }

  async #serve(files: StaticFiles, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (!(await files.serve(path, request, response))) answerText(response, 404, 'text/plain', 'Not found\n')
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      this.#config.log.say(`a file could not be read: ${code}`)
      // A response that has begun can only be cut short.
      if (response.headersSent) response.destroy()
      else answerText(response, 503, 'text/plain', 'This file cannot be read now.\n', { 'retry-after': '1' })
    }
  }
}

/** The path without its query, as it was sent: neither decoded nor resolved. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? ''
}

/** After the responses to earlier requests of the same connection: a client that sends a thousand at once has one file open. */
function inTurn(response: ServerResponse, serve: () => void): void {
  if (response.socket === null) response.once('socket', serve)
  else serve()
}

function answerText(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  })
  // Node leaves the body out of the answer to HEAD.
  response.end(body)
}

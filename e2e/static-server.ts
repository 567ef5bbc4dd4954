/** Serves the built page, and pages with nothing but a build of the SDK; no relay. A web host that stays up when the relay goes down. */
import { once } from 'node:events'
import { createReadStream, existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GLOBAL_BUILD, PAGE_FOLDER, RELEASED_GLOBAL_BUILD } from './relay.ts'

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** What is served beside the page. */
const BESIDE: Record<string, string> = {
  '/kith.global.js': GLOBAL_BUILD,
  '/released/kith.global.js': RELEASED_GLOBAL_BUILD,
  '/hello.html': join(dirname(GLOBAL_BUILD), '../examples/hello.html'),
  '/worker.js': fileURLToPath(new URL('pages/worker.js', import.meta.url)),
}

/** Pages with nothing but a script-tag build. */
const SCRIPT_TAG_PAGES: Record<string, string> = {
  '/script-tag': '/kith.global.js',
  '/released': '/released/kith.global.js',
}

/** The files of the ES module, and a page that has it as its global. */
const MODULE_FOLDER = '/sdk/'
const MODULE_PAGE = `<!doctype html><title>Module</title>
<script type="module">import * as Kith from '${MODULE_FOLDER}index.js'; globalThis.Kith = Kith</script>`

export class StaticServer {
  readonly #server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const script = SCRIPT_TAG_PAGES[pathname]
    if (script !== undefined) {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(`<!doctype html><title>Script tag</title><script src="${script}"></script>`)
      return
    }
    if (pathname === '/module') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(MODULE_PAGE)
      return
    }
    const path =
      (pathname.startsWith(MODULE_FOLDER) ? join(dirname(GLOBAL_BUILD), basename(pathname)) : BESIDE[pathname]) ??
      join(PAGE_FOLDER, pathname === '/' ? 'index.html' : pathname)
    if (!existsSync(path)) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' })
    createReadStream(path).pipe(response)
  })

  get page(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/`
  }

  /** `window.Kith` and nothing else; name the relay, there is none at this origin. */
  get scriptTagPage(): string {
    return `${this.page}script-tag`
  }

  /** The ES module as its global, and nothing else. */
  get modulePage(): string {
    return `${this.page}module`
  }

  /** The same origin with the build that others already run. */
  get releasedPage(): string {
    return `${this.page}released`
  }

  async start(): Promise<void> {
    this.#server.listen(0, 'localhost')
    await once(this.#server, 'listening')
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream'

const CONTENT_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

/** The page runs its own scripts and nobody else's. It connects to relays anywhere, since people publish their own. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self' ws: wss:",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const SECURITY_HEADERS: Record<string, string> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  // Invitations carry their secret in the fragment. Browsers strip fragments from referrers; nothing else need leave either.
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self), geolocation=()',
}

/** A name that holds a hash of the content (vite: `assets/index-Bx3kQ9_z.js`) never means other bytes. */
const HASHED = /^\/assets\/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/

interface StaticFile {
  readonly path: string
  readonly bytes: number
  readonly headers: Record<string, string>
}

/**
 * The files of a built page. Their paths are read once, and only those are ever opened: a path in a request is looked up, never
 * joined, so there is nothing to traverse. Links are left out, since they can point anywhere.
 */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files
  }

  /** Rejects with the file system's error when `folder` cannot be read. */
  static async read(folder: string): Promise<StaticFiles> {
    const files = new Map<string, StaticFile>()
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const { size, mtimeMs } = await stat(path)
      const urlPath = `/${relative(folder, path).split(sep).join('/')}`
      const file: StaticFile = {
        path,
        bytes: size,
        headers: {
          ...SECURITY_HEADERS,
          'content-type': CONTENT_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream',
          'cache-control': HASHED.test(urlPath) ? 'public, max-age=31536000, immutable' : 'no-cache',
          etag: `"${size.toString(16)}-${Math.round(mtimeMs).toString(16)}"`,
        },
      }
      files.set(urlPath, file)
      if (urlPath.endsWith('/index.html')) files.set(urlPath.slice(0, -'index.html'.length), file)
    }
    return new StaticFiles(files)
  }

  /** Answers a GET or HEAD for a file that is there; false for any other path. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#files.get(path)
    if (file === undefined) return false
    if (request.headers['if-none-match'] === file.headers.etag) {
      response.writeHead(304, file.headers).end()
      return true
    }
    response.writeHead(200, { ...file.headers, 'content-length': file.bytes })
    if (request.method === 'HEAD') {
      response.end()
      return true
    }
    // A file that vanished or a client that left: `pipeline` destroys the response, which is all that can be said by then.
    pipeline(createReadStream(file.path), response, () => {})
    return true
  }
}

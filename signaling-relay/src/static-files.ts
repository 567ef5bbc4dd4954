import { type FileHandle, readdir } from 'node:fs/promises'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { extname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type ByteRange, namesTag, rangeOf } from './byte-range.ts'
import { type OpenFile, openInside } from './open-inside.ts'
import { PLAIN_POLICY, policyOf } from './page-policy.ts'
import { namesOf } from './served-path.ts'

const HTML = 'text/html; charset=utf-8'

const CONTENT_TYPES: Record<string, string> = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.htm': HTML,
  '.html': HTML,
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.ogg': 'audio/ogg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webm': 'video/webm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

export const SECURITY_HEADERS: Record<string, string> = {
  'content-security-policy': PLAIN_POLICY,
  'x-content-type-options': 'nosniff',
  // Invitations carry their secret in the fragment. Browsers strip fragments from referrers; nothing else need leave either.
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self), geolocation=()',
}

/** A name that holds a hash of the content (vite: `assets/index-Bx3kQ9_z.js`) never means other bytes, once they are all there. */
const HASHED = /^\/assets\/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/

/** A file that changed less than so long ago may be half written, and half of it must not be kept for a year: its answer waits for so
 *  long. If it has changed again by then, nothing keeps it. */
const SETTLED_MS = 250

/** Read and written at a time, and held for each response. */
const CHUNK_BYTES = 32 * 1024

/** A larger page is served, but its scripts must stand in files: more is not read at once. */
const POLICY_MAX_BYTES = 4 * 1024 * 1024

/**
 * The files of a folder, as they are at each request: those that appear are served, those that go are not. What may be asked for is in
 * served-path.ts, what is opened in open-inside.ts. A file is open from its first look to its last byte, so the headers are those of
 * the bytes that follow, also if its name is another's by then.
 */
export class StaticFiles {
  readonly #folder: string
  /** Of each page, for the bytes that it had: there are no more than pages in the folder. */
  readonly #policies = new Map<string, { version: string; policy: string }>()

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Rejects with the file system's error when `folder` cannot be read. */
  static async in(folder: string): Promise<StaticFiles> {
    await readdir(folder)
    return new StaticFiles(folder)
  }

  /** Answers a GET or HEAD for a file that is there; false for any other path. Rejects when there is a file that cannot be read. */
  async serve(urlPath: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const names = namesOf(urlPath)
    if (names === undefined) return false
    let file = await openInside(this.#folder, names)
    if (file !== undefined && HASHED.test(urlPath) && !isSettled(file)) {
      await file.handle.close()
      await setTimeout(SETTLED_MS)
      file = await openInside(this.#folder, names)
    }
    if (file === undefined) return false
    try {
      await answer(file, await this.#headersOf(file, urlPath), request, response)
    } finally {
      await file.handle.close()
    }
    return true
  }

  async #headersOf(file: OpenFile, urlPath: string): Promise<Record<string, string> & { etag: string }> {
    const type = CONTENT_TYPES[extname(file.path).toLowerCase()] ?? 'application/octet-stream'
    return {
      ...SECURITY_HEADERS,
      ...(type === HTML ? { 'content-security-policy': await this.#policyOf(file) } : {}),
      'content-type': type,
      'cache-control': HASHED.test(urlPath) && isSettled(file) ? 'public, max-age=31536000, immutable' : 'no-cache',
      'accept-ranges': 'bytes',
      etag: `"${file.version}"`,
    }
  }

  async #policyOf({ handle, path, bytes, version }: OpenFile): Promise<string> {
    if (bytes > POLICY_MAX_BYTES) return PLAIN_POLICY
    const known = this.#policies.get(path)
    if (known?.version === version) return known.policy
    const buffer = Buffer.alloc(bytes)
    let filled = 0
    while (filled < bytes) {
      const { bytesRead } = await handle.read(buffer, filled, bytes - filled, filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    const policy = policyOf(new TextDecoder().decode(buffer.subarray(0, filled)))
    this.#policies.set(path, { version, policy })
    return policy
  }
}

const isSettled = ({ changedMs }: OpenFile) => Date.now() - changedMs >= SETTLED_MS

/** RFC 9110 §13.2.2: the order of the conditions. Time is none of them: a file may change twice within the second that HTTP dates have. */
async function answer(
  { handle, bytes }: OpenFile,
  headers: Record<string, string> & { etag: string },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, 'if-range': ifRange, range } = request.headers
  if (ifMatch !== undefined && !namesTag(ifMatch, headers.etag)) return end(response, 412, headers)
  if (ifNoneMatch !== undefined && namesTag(ifNoneMatch, headers.etag)) {
    response.writeHead(304, headers).end()
    return
  }
  const isRanged = request.method === 'GET' && (ifRange === undefined || ifRange === headers.etag)
  const wanted = isRanged ? rangeOf(range, bytes) : undefined
  if (wanted === 'unsatisfiable') return end(response, 416, { ...headers, 'content-range': `bytes */${bytes}` })
  const part = wanted ?? { start: 0, end: bytes }
  const length = { 'content-length': part.end - part.start }
  if (wanted === undefined) response.writeHead(200, { ...headers, ...length })
  else response.writeHead(206, { ...headers, ...length, 'content-range': `bytes ${part.start}-${part.end - 1}/${bytes}` })
  if (request.method === 'HEAD') response.end()
  else await send(handle, part, response)
}

/** What is not the file must not be kept for it, nor go by its tag. */
function end(response: ServerResponse, status: number, { etag, ...headers }: OutgoingHttpHeaders): void {
  response.writeHead(status, { ...headers, 'cache-control': 'no-store', 'content-length': 0 }).end()
}

/** As many bytes as were announced, of a file that may grow or shrink meanwhile: the client counts the next response from there. */
async function send(handle: FileHandle, { start, end }: ByteRange, response: ServerResponse): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - start))
  for (let at = start; at < end && !response.destroyed; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - at), at)
    if (bytesRead === 0) {
      // It was cut short. All that can still be said is that this response is not whole.
      response.destroy()
      return
    }
    at += bytesRead
    await written(response, buffer.subarray(0, bytesRead))
  }
  response.end()
}

/** Resolves when the bytes have left, so that the buffer may be used again, or when nothing leaves any more. */
function written(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve)
    response.write(bytes, () => {
      response.off('close', resolve)
      resolve()
    })
  })
}

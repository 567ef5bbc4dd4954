import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, open, rename, rm, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRelay, type Relay } from './index.ts'

let folder: string
let page: string
let relay: Relay

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-static-'))
  page = join(folder, 'page')
  await mkdir(join(page, 'assets'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(page, 'index.html'), '<!doctype html><title>Kith</title>')
  await writeFile(join(page, 'assets', 'index-Bx3kQ9_z.js'), 'export {}')
  await writeFile(join(page, 'ümlaut.svg'), '<svg/>')
  for (const at of [page, join(page, 'assets'), join(page, '.well-known')]) {
    await mkdir(join(at, '.git'), { recursive: true })
    await writeFile(join(at, '.env'), 'SECRET=1')
    await writeFile(join(at, '.git', 'config'), 'secret')
  }
  await symlink(join(folder, 'secret.txt'), join(page, 'link.txt'))
  relay = await createRelay({ port: 0, host: '127.0.0.1', static: page })
})

afterAll(async () => {
  await relay.close()
  await rm(folder, { recursive: true })
})

/** As it is written: `fetch` would resolve the dots before sending. */
function get(path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: relay.port, path, ...options }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('the page comes at / with headers that keep it to itself', async () => {
  const { status, headers, body } = await get('/?x=1')
  expect([status, body]).toEqual([200, '<!doctype html><title>Kith</title>'])
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  expect(headers['content-security-policy']).toContain("script-src 'self';")
})

test('what has a hash in its name is kept for good', async () => {
  const { headers, body } = await get('/assets/index-Bx3kQ9_z.js')
  expect(body).toBe('export {}')
  expect(headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  })
})

test('names may be escaped; HEAD has no body; what is known is not sent again', async () => {
  expect((await get('/%C3%BCmlaut.svg')).body).toBe('<svg/>')
  const head = await get('/index.html', { method: 'HEAD' })
  expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', '34'])
  expect((await get('/', { headers: { 'if-none-match': String(head.headers.etag) } })).status).toBe(304)
})

test.each([
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/%2e%2e/secret.txt',
  '/assets/../../secret.txt',
  '/assets/..%5c..%5csecret.txt',
  '/%2fetc/passwd',
  '//etc/passwd',
  '/link.txt',
  '/index.html%00.txt',
  '/%',
  '/assets',
  '/assets/',
  '/constructor',
  'http://elsewhere/index.html',
])('%s is not found', async (path) => {
  const { status, body } = await get(path)
  expect([status, body]).toEqual([404, 'Not found\n'])
})

test('files that appear are served, in new folders too; those that go are not', async () => {
  expect((await get('/new/')).status).toBe(404)
  await mkdir(join(page, 'new'))
  await writeFile(join(page, 'new', 'index.html'), 'first')
  const first = await get('/new/')
  expect([first.status, first.body]).toEqual([200, 'first'])
  await writeFile(join(page, 'new', 'index.html'), 'other')
  const other = await get('/new/', { headers: { 'if-none-match': String(first.headers.etag) } })
  expect([other.status, other.body]).toEqual([200, 'other'])
  await rm(join(page, 'new'), { recursive: true })
  expect((await get('/new/')).status).toBe(404)
  await writeFile(join(page, 'assets', 'later-Cy4lR0_a.js'), 'export {}')
  expect((await get('/assets/later-Cy4lR0_a.js')).headers['cache-control']).toBe('public, max-age=31536000, immutable')
})

test('a file that is still being written is not kept for a year', async () => {
  const file = await open(join(page, 'assets', 'half-Bx3kQ9_z.js'), 'w')
  let going = true
  const writing = (async () => {
    while (going) await file.write('x')
  })()
  expect((await get('/assets/half-Bx3kQ9_z.js')).headers['cache-control']).toBe('no-cache')
  going = false
  await writing
  await file.close()
})

test.each(['/.env', '/%2eenv', '/.git/config', '/%2Egit/config', '/assets/.env', '/assets/%2eenv', '/.well-known/.env'])(
  'the dotfile %s is not served',
  async (path) => {
    expect((await get(path)).status).toBe(404)
  },
)

test('.well-known is served', async () => {
  await writeFile(join(page, '.well-known', 'security.txt'), 'Contact: x')
  expect((await get('/.well-known/security.txt')).body).toBe('Contact: x')
})

test.each(['file', 'folder'])('a %s that turns into a link to the outside is not followed', async (kind) => {
  await mkdir(join(page, 'real'))
  await writeFile(join(page, 'real', 'secret.txt'), 'public')
  expect((await get('/real/secret.txt')).body).toBe('public')
  if (kind === 'file') {
    await unlink(join(page, 'real', 'secret.txt'))
    await symlink(join(folder, 'secret.txt'), join(page, 'real', 'secret.txt'))
  } else {
    await rm(join(page, 'real'), { recursive: true })
    await symlink(folder, join(page, 'real'))
  }
  expect((await get('/real/secret.txt')).status).toBe(404)
  await rm(join(page, 'real'), { recursive: true })
})

/** Beyond what the system takes of a response that is not read. */
const LARGE_BYTES = 64 * 1024 * 1024

/** All that comes on one connection for these requests, sent at once; `midway` runs when the first bytes have come and no more are read. */
async function raw(text: string, midway: () => Promise<unknown>): Promise<Buffer> {
  const socket = connect(relay.port, '127.0.0.1')
  socket.on('error', () => {}) // cut off by the server: 'close' follows
  const closed = once(socket, 'close')
  const chunks: Buffer[] = []
  socket.write(text)
  await once(socket, 'readable')
  await midway()
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.resume()
  await closed
  return Buffer.concat(chunks)
}

/** How many bytes of the first response's body there are before the second response, and that one; undefined if none came. */
function taken(answer: Buffer): { announced: number; came: number; next: string | undefined } {
  const head = answer.subarray(0, answer.indexOf('\r\n\r\n')).toString()
  const body = answer.subarray(head.length + 4)
  const announced = Number(/content-length: (\d+)/i.exec(head)?.[1])
  const rest = body.subarray(announced).toString('latin1')
  return { announced, came: Math.min(body.length, announced), next: rest === '' ? undefined : rest }
}

const twice = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\nGET /index.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`

async function large(name: string): Promise<string> {
  const path = join(page, name)
  await writeFile(path, 'x')
  await truncate(path, LARGE_BYTES)
  return path
}

test.each([
  ['grows', (path: string) => appendFile(path, 'y'.repeat(100_000))],
  ['is removed', (path: string) => unlink(path)],
  [
    'is replaced by a longer one',
    (path: string) => large('longer.bin').then((longer) => truncate(longer, 2 * LARGE_BYTES).then(() => rename(longer, path))),
  ],
  [
    'is replaced by a shorter one',
    (path: string) => large('shorter.bin').then((shorter) => truncate(shorter, 10).then(() => rename(shorter, path))),
  ],
])('a file that %s while it is sent comes as it was, and the next response behind it', async (_, change) => {
  const path = await large('large.bin')
  const { announced, came, next } = taken(await raw(twice('/large.bin'), () => change(path)))
  expect([announced, came]).toEqual([LARGE_BYTES, LARGE_BYTES])
  expect(next).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*<title>Kith<\/title>$/)
  await rm(path, { force: true })
})

test('a file that shrinks while it is sent ends its connection: nothing is taken for the rest of it', async () => {
  const path = await large('large.bin')
  const { announced, came, next } = taken(await raw(twice('/large.bin'), () => truncate(path, 1024)))
  expect(announced).toBe(LARGE_BYTES)
  expect(came).toBeLessThan(LARGE_BYTES)
  expect(next).toBeUndefined()
  await unlink(path)
})

test('a file whose length changed since the start has the length that it has', async () => {
  await writeFile(join(page, 'ümlaut.svg'), '<svg><!-- longer --></svg>')
  const { announced, next } = taken(await raw(twice('/%C3%BCmlaut.svg'), async () => {}))
  expect(announced).toBe(26)
  expect(next).toMatch(/^HTTP\/1\.1 200 OK/)
  await writeFile(join(page, 'ümlaut.svg'), '<svg/>')
})

test('parts of a file, on conditions', async () => {
  await writeFile(join(page, 'ten.txt'), '0123456789')
  const part = async (headers: Record<string, string>, method = 'GET') => {
    const answer = await get('/ten.txt', { headers, method })
    return [answer.status, answer.body, answer.headers['content-range'], answer.headers['content-length']]
  }
  const { etag } = (await get('/ten.txt')).headers as { etag: string }
  expect(await part({ range: 'bytes=2-4' })).toEqual([206, '234', 'bytes 2-4/10', '3'])
  expect(await part({ range: 'bytes=-3' })).toEqual([206, '789', 'bytes 7-9/10', '3'])
  expect(await part({ range: 'bytes=10-' })).toEqual([416, '', 'bytes */10', '0'])
  expect(await part({ range: 'bytes=0-1,4-5' })).toEqual([200, '0123456789', undefined, '10'])
  expect(await part({ range: 'bytes=2-4' }, 'HEAD')).toEqual([200, '', undefined, '10'])
  expect(await part({ range: 'bytes=2-4', 'if-range': etag })).toEqual([206, '234', 'bytes 2-4/10', '3'])
  expect(await part({ range: 'bytes=2-4', 'if-range': '"old"' })).toEqual([200, '0123456789', undefined, '10'])
  expect(await part({ range: 'bytes=2-4', 'if-none-match': `W/${etag}, "old"` })).toEqual([304, '', undefined, undefined])
  expect((await part({ 'if-match': '"old"' }))[0]).toBe(412)
  expect((await part({ 'if-match': etag }))[0]).toBe(200)
})

test.each([
  [412, { 'if-match': '"old"' }],
  [416, { range: 'bytes=99-' }],
])('%d is not kept for the file', async (status, headers) => {
  const path = join(page, 'assets', 'kept-Bx3kQ9_z.js')
  await writeFile(path, '0123456789')
  const anHourAgo = new Date(Date.now() - 3_600_000)
  await utimes(path, anHourAgo, anHourAgo)
  expect((await get('/assets/kept-Bx3kQ9_z.js')).headers['cache-control']).toContain('immutable')
  const answer = await get('/assets/kept-Bx3kQ9_z.js', { headers })
  expect([answer.status, answer.headers['cache-control'], answer.headers.etag]).toEqual([status, 'no-store', undefined])
  await unlink(path)
})

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])('%s is not allowed', async (method) => {
  const { status, headers } = await get('/index.html', { method })
  expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
})

test('a path longer than any file has is not found, one longer than a head may be is refused', async () => {
  expect((await get(`/${'a'.repeat(300)}`)).status).toBe(404)
  expect((await get(`/${'a/'.repeat(4_000)}`)).status).toBe(404)
  expect((await get(`/${'a'.repeat(20_000)}`)).status).toBe(431)
})

test('the scripts and styles that are written in a page are allowed, by hash, and the same said of HEAD and 304', async () => {
  await writeFile(join(page, 'inline.html'), '<style>p{}</style><script>alert(1)</script>')
  const { headers } = await get('/inline.html')
  expect(headers['content-security-policy']).toMatch(
    /; script-src 'self' 'sha256-[^ ]{44}'; style-src 'self' 'sha256-[^ ]{44}'; /,
  )
  const policy = headers['content-security-policy']
  expect((await get('/inline.html', { method: 'HEAD' })).headers['content-security-policy']).toBe(policy)
  const known = await get('/inline.html', { headers: { 'if-none-match': String(headers.etag) } })
  expect([known.status, known.headers['content-security-policy']]).toEqual([304, policy])
  await writeFile(join(page, 'inline.html'), '<style>p{}</style><script>alert(2)</script>')
  expect((await get('/inline.html')).headers['content-security-policy']).not.toBe(policy)
})

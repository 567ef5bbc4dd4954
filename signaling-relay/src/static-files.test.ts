import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRelay, type Relay } from './index.ts'

let folder: string
let relay: Relay

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-static-'))
  const page = join(folder, 'page')
  await mkdir(join(page, 'assets'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(page, 'index.html'), '<!doctype html><title>Kith</title>')
  await writeFile(join(page, 'assets', 'index-Bx3kQ9_z.js'), 'export {}')
  await writeFile(join(page, 'ümlaut.svg'), '<svg/>')
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

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, link, mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openInside } from './open-inside.ts'

let outside: string
let folder: string

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'kith-open-'))
  folder = join(outside, 'page')
  await mkdir(join(folder, 'a', 'b'), { recursive: true })
  await mkdir(join(outside, 'b'))
  await writeFile(join(outside, 'secret.txt'), 'secret')
  await writeFile(join(outside, 'b', 'c.txt'), 'secret')
  await writeFile(join(folder, 'a', 'b', 'c.txt'), 'public')
})

afterEach(() => rm(outside, { recursive: true }))

async function textOf(names: string[], ...locate: [] | [(handle: FileHandle) => Promise<string>]): Promise<string | undefined> {
  const file = await openInside(folder, names, ...locate)
  if (file === undefined) return undefined
  try {
    return await file.handle.readFile('utf8')
  } finally {
    await file.handle.close()
  }
}

/** As on a system that does not say where an open file is. */
const unknown = async () => 'unknown' as const

test.each([['the system says where a file is', []] as const, ['it does not', [unknown]] as const])(
  'no link is followed: %s',
  async (_, locate) => {
    expect(await textOf(['a', 'b', 'c.txt'], ...locate)).toBe('public')
    await symlink(join(outside, 'secret.txt'), join(folder, 'link.txt'))
    await symlink(join(folder, 'a', 'b', 'c.txt'), join(folder, 'within.txt'))
    await symlink(outside, join(folder, 'folder'))
    await symlink('..', join(folder, 'up'))
    for (const names of [
      ['link.txt'],
      ['within.txt'],
      ['folder', 'secret.txt'],
      ['up', 'secret.txt'],
      ['folder', 'page', 'a', 'b', 'c.txt'],
    ]) {
      expect(await textOf(names, ...locate)).toBeUndefined()
    }
    await rename(join(folder, 'a', 'b'), join(folder, 'a', 'old'))
    await symlink(join(outside, 'b'), join(folder, 'a', 'b'))
    expect(await textOf(['a', 'b', 'c.txt'], ...locate)).toBeUndefined()
  },
)

test('what is no regular file is not opened, nor waited for', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const server = createServer().listen(join(folder, 'socket'))
  await once(server, 'listening')
  for (const name of ['pipe', 'socket', 'a', 'nothing', 'x'.repeat(5_000)]) expect(await textOf([name])).toBeUndefined()
  expect(await textOf(['a', 'b', 'c.txt', 'd'])).toBeUndefined()
  server.close()
})

test('the folder itself may be a link, and lead elsewhere later', async () => {
  const current = join(outside, 'current')
  await symlink(folder, current)
  const open = async () => {
    const file = await openInside(current, ['a', 'b', 'c.txt'])
    await file?.handle.close()
    return file?.bytes
  }
  expect(await open()).toBe(6)
  const next = join(outside, 'next')
  await mkdir(join(next, 'a', 'b'), { recursive: true })
  await writeFile(join(next, 'a', 'b', 'c.txt'), 'newer still')
  await symlink(next, join(outside, 'swap'))
  await rename(join(outside, 'swap'), current)
  expect(await open()).toBe(11)
})

test('other bytes of the same length and time have another version', async () => {
  const version = async () => {
    const file = await openInside(folder, ['a', 'b', 'c.txt'])
    await file?.handle.close()
    return file?.version
  }
  const before = await version()
  expect(await version()).toBe(before)
  await writeFile(join(folder, 'new'), 'PUBLIC')
  execFileSync('touch', ['-r', join(folder, 'a', 'b', 'c.txt'), join(folder, 'new')])
  await rename(join(folder, 'new'), join(folder, 'a', 'b', 'c.txt'))
  expect(await version()).not.toBe(before)
})

/** What another thread does over and over, with nothing between two steps; resolves once it has done so. */
async function swapping(steps: string): Promise<{ turns: () => number; stop: () => Promise<void> }> {
  const counted = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { renameSync, writeFileSync } = require('node:fs')
     const { workerData: { folder, counted }, parentPort } = require('node:worker_threads')
     let going = true
     parentPort.once('message', () => { going = false })
     const turn = () => {
       for (let n = 0; n < 50; n++) { ${steps}; Atomics.add(counted, 0, 1) }
       if (Atomics.load(counted, 0) === 50) parentPort.postMessage('going')
       if (going) setImmediate(turn)
       else parentPort.close()
     }
     turn()`,
    { eval: true, workerData: { folder, counted } },
  )
  await once(worker, 'message')
  return {
    turns: () => Atomics.load(counted, 0),
    stop: async () => {
      const exit = once(worker, 'exit')
      worker.postMessage('stop')
      await exit
    },
  }
}

const LOOKS = 3_000

test('a folder that turns into a link and back, as fast as it can, leads nowhere', async () => {
  await symlink(join(outside, 'b'), join(folder, 'link'))
  const { stop } = await swapping(`
    renameSync(folder + '/a/b', folder + '/real'); renameSync(folder + '/link', folder + '/a/b')
    renameSync(folder + '/a/b', folder + '/link'); renameSync(folder + '/real', folder + '/a/b')`)
  const seen = new Set<string | undefined>()
  // Both ways of the swap are met, or nothing is shown here.
  for (let n = 0; n < LOOKS || seen.size < 2; n++) seen.add(await textOf(['a', 'b', 'c.txt']))
  await stop()
  expect([...seen].sort()).toEqual(['public', undefined])
})

test('a file that is replaced as fast as it can be is always there', async () => {
  await link(join(folder, 'a', 'b', 'c.txt'), join(folder, 'a', 'b', 'keep.txt'))
  const { turns, stop } = await swapping(`
    writeFileSync(folder + '/new', 'public'); renameSync(folder + '/new', folder + '/a/b/c.txt')`)
  const missing: number[] = []
  const startedAt = turns()
  for (let n = 0; n < 1_000 || turns() < startedAt + 1_000; n++) {
    if ((await textOf(['a', 'b', 'c.txt'])) !== 'public') missing.push(n)
  }
  await stop()
  expect(missing).toEqual([])
})

/** As `mv page old && mv new page` between the open and the question where the file is. */
test.each([['of the system', []] as const, ['by walking', ['unknown']] as const])(
  'a folder that is swapped during a request serves its new file: found out %s',
  async (_, [said]) => {
    const next = join(outside, 'next')
    await mkdir(join(next, 'a', 'b'), { recursive: true })
    await writeFile(join(next, 'a', 'b', 'c.txt'), 'newer')
    let looks = 0
    const text = await textOf(['a', 'b', 'c.txt'], async ({ fd }) => {
      if (looks++ === 0) {
        await rename(folder, join(outside, 'old'))
        await rename(next, folder)
      }
      return said ?? readlink(`/proc/self/fd/${fd}`)
    })
    expect([text, looks]).toEqual(['newer', 2])
  },
)

test('a file that is somewhere else, and no other in its place, is not served', async () => {
  const path = join(folder, 'a', 'b', 'c.txt')
  expect(await textOf(['a', 'b', 'c.txt'], async () => join(outside, 'b', 'c.txt'))).toBeUndefined()
  expect(await textOf(['a', 'b', 'c.txt'], async () => path)).toBe('public')
})

/**
 * Opens files of a folder, and nothing outside it: no symbolic link is followed below the folder, wherever it stands in the path and
 * whenever it is put there.
 *
 * A check before the open can be outdated by the time of the open. So the file is opened first and its location read afterwards: Linux
 * gives it for the open file itself, which leaves no race. Elsewhere the path is walked again and has to lead to the same file; an
 * attacker who swaps folders in the served folder three times in that moment gets past it.
 */
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises'
import { join } from 'node:path'

export interface OpenFile {
  /** The caller's, to close. */
  readonly handle: FileHandle
  readonly path: string
  readonly bytes: number
  /** Of the last change of bytes. */
  readonly changedMs: number
  /** Names these bytes: another file, or other bytes in this one, has another, whatever its time of modification says. */
  readonly version: string
}

/** A folder cannot be read as a file, a pipe would be waited for, a link is not followed. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** What open and lstat say of a path that has no file for us. Others (no file descriptors left, a broken disk) are thrown. */
const NO_FILE = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'EMLINK',
  'ENAMETOOLONG',
  'EACCES',
  'EPERM',
  'ENXIO',
  'ENODEV',
  'EINVAL',
])

/** A file that was replaced by another between open and question is opened again. */
const ATTEMPTS = 4

/** Where an open file is: its path; 'unknown' where the system does not say. */
type Locate = (handle: FileHandle) => Promise<string | 'unknown'>

/** The regular file of these names in `folder`, which may itself be a link; undefined where there is none. Rejects for want of a file descriptor. */
export async function openInside(
  folder: string,
  names: readonly string[],
  locate: Locate = locateByProc,
): Promise<OpenFile | undefined> {
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const root = await realpath(folder)
      const file = await openOnce(root, names, locate)
      if (file !== 'replaced') return file
    }
    return undefined
  } catch (error) {
    if (NO_FILE.has(String((error as NodeJS.ErrnoException).code))) return undefined
    throw error
  }
}

async function openOnce(root: string, names: readonly string[], locate: Locate): Promise<OpenFile | 'replaced' | undefined> {
  const path = join(root, ...names)
  const handle = await open(path, FLAGS)
  let kept = false
  try {
    const stat = await handle.stat({ bigint: true })
    if (!stat.isFile()) return undefined
    const place = await locate(handle)
    if (place !== path && place !== `${path} (deleted)`) {
      // Elsewhere: over a link, or the folder has been moved away and another is in its place by now.
      const verdict = await walk(root, names, stat)
      if (verdict === 'replaced') return 'replaced'
      if (!verdict || place !== 'unknown') return undefined
    }
    kept = true
    return {
      handle,
      path,
      bytes: Number(stat.size),
      changedMs: Number(stat.mtimeMs),
      version: `${stat.size.toString(16)}-${stat.ino.toString(16)}-${stat.ctimeNs.toString(16)}`,
    }
  } finally {
    if (!kept) await handle.close()
  }
}

/**
 * proc(5): the link of an open file holds its real path as it is now. Once the name has gone or is another file's, ' (deleted)' stands
 * behind it: it was in the folder a moment ago.
 */
async function locateByProc(handle: FileHandle): Promise<string | 'unknown'> {
  if (process.platform !== 'linux') return 'unknown'
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'unknown' // no /proc in this container
    throw error
  }
}

/** Whether the names lead from `root` to this file, over no link; 'replaced' if to another. */
async function walk(root: string, names: readonly string[], file: { dev: bigint; ino: bigint }): Promise<boolean | 'replaced'> {
  let path = root
  for (const [index, name] of names.entries()) {
    path = join(path, name)
    const found = await lstat(path, { bigint: true })
    if (found.isSymbolicLink()) return false
    if (index === names.length - 1) return (found.dev === file.dev && found.ino === file.ino) || 'replaced'
  }
  return false
}

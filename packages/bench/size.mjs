// `npm run bench -- size`: what each contender adds to a page.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build as vite } from 'vite'
import { BUNDLED, bundle, here } from './build.mjs'

/**
 * @returns {Promise<{ bench: string, date: string, global: number, esm: Record<string, number>, peers: Record<string, number> }>} gzip
 *   bytes: the script-tag build of Kith, what each of its exports weighs alone, and each peer with its part of the bench (some 0.5 KiB)
 */
export async function size() {
  const folder = mkdtempSync(join(tmpdir(), 'kith-size-'))
  try {
    const file = join(folder, 'size.json')
    // It ends with 1 above a limit of its own, which is not the bench's concern.
    const ours = spawn(process.execPath, [here('../../scripts/size.mjs'), '--json', file], { stdio: 'inherit' })
    const oursIsDone = once(ours, 'exit')
    const peers = {}
    for (const name of BUNDLED) {
      const config = bundle(name)
      const [{ output }] = [await vite({ ...config, build: { ...config.build, write: false } })].flat()
      peers[name] = gzipSync(output[0].code, { level: 9 }).length
    }
    await oursIsDone
    const { global, esm } = JSON.parse(readFileSync(file, 'utf8'))
    console.log('\npeers, as the bench uses them')
    for (const [name, bytes] of Object.entries(peers))
      console.log(`  ${name.padEnd(22)} ${(bytes / 1024).toFixed(1).padStart(6)} KiB`)
    return { bench: 'size', date: new Date().toISOString(), global, esm, peers }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

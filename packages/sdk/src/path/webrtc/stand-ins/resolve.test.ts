import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { simplePeerStandIns } from './resolve.ts'

const path = createRequire(import.meta.url).resolve('simple-peer')
const plugin = simplePeerStandIns()

test("simple-peer's source becomes a module whose every import has a stand-in", () => {
  const code = plugin.transform(readFileSync(path, 'utf8'), `${path}?v=1`)?.code ?? ''
  const imports = [...code.matchAll(/^import .* from '(.*)'/gm)].map(([, id]) => id ?? '')
  expect(imports.sort()).toEqual([
    'buffer',
    'debug',
    'err-code',
    'get-browser-rtc',
    'queue-microtask',
    'randombytes',
    'readable-stream',
    'timers',
  ])
  for (const id of imports) expect(existsSync(plugin.resolveId(id, path) ?? ''), id).toBe(true)
  expect(code).toMatch(/^export default Peer$/m)
})

test('a frame that is not understood is not shipped', () => {
  expect(() => plugin.transform("module.exports = require('./lib')", path)).toThrow('simple-peer has changed')
})

test('nothing else is touched', () => {
  expect(plugin.transform("require('buffer')", '/node_modules/other/index.js')).toBeNull()
  expect(plugin.resolveId('buffer', '/node_modules/other/index.js')).toBeNull()
  expect(plugin.resolveId('events', path)).toBeNull()
  expect(plugin.resolveId('buffer', undefined)).toBeNull()
})

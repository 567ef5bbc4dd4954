/** That the handlers which are attacked in readme-handlers.browser.test.ts are those that people copy. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const readme = read('../../../README.md')
const example = (name: string) => read(`../examples/${name}`)

/** Code without the names of protocols, which differ where one peer serves all of them. */
const code = (text: string) => text.replaceAll(/'\/[a-z]+\/v1'/g, 'NAME').replaceAll(/\s+/g, ' ')

/** What stands between two lines of a text, those included. */
function between(text: string, first: string, last: string): string {
  const from = text.indexOf(first)
  const to = text.indexOf(last, from)
  if (from < 0 || to < 0) throw new Error(`'${first}' … '${last}' is not there any more`)
  return text.slice(from, to + last.length)
}

test('the handlers that are attacked here are those that people copy', () => {
  const all = [
    between(readme, "peer.handle('/chat/v1', async (stream) => {", '\n})'),
    between(readme, 'function show(call: Media) {', 'show(incoming.accept()))'),
    between(readme, 'async function sync(stream: Stream) {', '\n}'),
    between(readme, "peer.handle('/echo/v1'", 'stream.writable))'),
    between(readme, "peer.handleDatagrams('/arena/v1', async (flow) => {", '\n})'),
    between(example('1b-stream-chat.ts'), 'async function talk(', '\n}'),
    between(example('4b-datagrams.ts'), 'const place = ', 'return new Uint8Array(v.buffer)\n}'),
    between(example('4b-datagrams.ts'), 'async function play(', '\n}'),
    between(example('5-file.ts'), 'const progress = ', '\n  })\n}'),
    between(example('5-file.ts'), "peer.handle('/file/v1'", '\n})'),
    between(example('7-invite-call.ts'), 'async function show(', '\n})'),
  ]
  for (const one of all) expect(code(read('./readme-handlers.testing.ts'))).toContain(code(one))
  // A handler that README.md gains has to be attacked as well.
  const served = [...readme.matchAll(/peer\.(handle\w*)\((\S+)/g)].map(([, method, name]) => `${method} ${name}`)
  expect(served).toEqual([
    "handle '/chat/v1',",
    "handleMedia '/call/v1',",
    "handle '/document/v1',",
    "handle '/echo/v1',",
    "handle ['/notes/v2',",
    "handleDatagrams '/arena/v1',",
    "handleMedia '/call/v1',",
  ])
})

import { expect, test } from 'vitest'
import { KithError } from '../errors.ts'
import { PROTOCOL_NAME_MAX_LENGTH } from '../limits.ts'
import { isProtocolName, parseProtocolName } from './protocol-name.ts'

const longest = `/${'a'.repeat(PROTOCOL_NAME_MAX_LENGTH - 1)}`

test.each(['/a', '/voice/rtp', '/doc/automerge/v2', '/A-Z_0.9', '/..', longest])('takes %s', (name) => {
  expect(isProtocolName(name)).toBe(true)
  expect(parseProtocolName(name)).toBe(name)
})

test.each([
  ['empty', ''],
  ['no slash in front', 'chat'],
  ['only a slash', '/'],
  ['an empty segment', '/a//b'],
  ['a slash at the end', '/a/'],
  ['a space', '/a b'],
  ['a space around', ' /a'],
  ['a line end', '/a\n'],
  ['a letter beyond ASCII', '/é'],
  ['one character too many', `${longest}a`],
  ['no text', 7 as unknown as string],
])('refuses %s', (_, name) => {
  expect(isProtocolName(name)).toBe(false)
  expect(() => parseProtocolName(name)).toThrow(expect.objectContaining({ code: 'invalid-protocol' }))
  expect(() => parseProtocolName(name)).toThrow(KithError)
})

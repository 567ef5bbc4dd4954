import { expect, test } from 'vitest'
import { namesOf } from './served-path.ts'

test.each([
  ['/', ['index.html']],
  ['/a/', ['a', 'index.html']],
  ['/index.html', ['index.html']],
  ['/a/b.js', ['a', 'b.js']],
  ['/%C3%BC%20x.svg', ['ü x.svg']],
  ['/a..b', ['a..b']],
  ['/%252egit', ['%2egit']],
  ['/.well-known/security.txt', ['.well-known', 'security.txt']],
  ['/.well-known/', ['.well-known', 'index.html']],
])('%s asks for %j', (path, names) => {
  expect(namesOf(path)).toEqual(names)
})

test.each([
  ['', 'nothing'],
  ['*', 'no path'],
  ['a', 'no root'],
  ['http://host/a', 'no root'],
  ['//a', 'an empty segment'],
  ['/a//b', 'an empty segment'],
  ['/.', 'a dot segment'],
  ['/..', 'a dot segment'],
  ['/a/../b', 'a dot segment'],
  ['/%2e%2E/b', 'a dot segment, escaped'],
  ['/.env', 'a dotfile'],
  ['/.git/config', 'a dotfile'],
  ['/a/.git/', 'a dotfile'],
  ['/%2egit/config', 'a dotfile, escaped'],
  ['/a/%2Eenv', 'a dotfile, escaped'],
  ['/a/.well-known/x', 'a dotfile: below the root it means nothing'],
  ['/.well-known/.env', 'a dotfile within'],
  ['/.well-knownx', 'a dotfile'],
  ['/.Well-Known/x', 'a dotfile'],
  ['/a%2fb', 'a separator in a name'],
  ['/..%2fb', 'a separator in a name'],
  ['/a\\b', 'a backslash'],
  ['/..%5cb', 'a backslash'],
  ['/a%00.txt', 'NUL'],
  ['/a%0d%0ab', 'a line break'],
  ['/a%7f', 'DEL'],
  ['/%', 'a malformed escape'],
  ['/%zz', 'a malformed escape'],
  ['/%ff', 'no UTF-8'],
  ['/%c0%aeenv', 'an overlong dot'],
])('%j is no path of a file: %s', (path) => {
  expect(namesOf(path)).toBeUndefined()
})

test.each([
  'C:',
  'c:%5cwindows',
  'a.txt::$DATA',
  'a.txt:x',
  'GIT~1',
  'a.txt.',
  'a.txt%20',
  'con',
  'NUL.txt',
  'com1',
  'a?b',
  'a*',
  'a|b',
  'a<b',
  '"a"',
])('on Windows %s is none either', (name) => {
  expect(namesOf(`/x/${name}`, 'win32')).toBeUndefined()
})

test('elsewhere a colon is a character like any other', () => {
  expect(namesOf('/a: b.txt', 'linux')).toEqual(['a: b.txt'])
  expect(namesOf('/console.js', 'win32')).toEqual(['console.js'])
})

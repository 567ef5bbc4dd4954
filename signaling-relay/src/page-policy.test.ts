import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { PLAIN_POLICY, policyOf } from './page-policy.ts'

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const directive = (html: string, name: string) =>
  policyOf(html)
    .split('; ')
    .find((text) => text.startsWith(`${name} `))
const scripts = (html: string) => directive(html, 'script-src')

test('a page without scripts of its own runs those of its origin', () => {
  expect(policyOf('<!doctype html><script src="a.js"></script><script src=b.js></script>')).toBe(PLAIN_POLICY)
  expect(PLAIN_POLICY).toContain("; script-src 'self'; style-src 'self';")
})

test('what is written in it is named by its hash (CSP Level 3 §8.3, with the example there)', () => {
  expect(scripts("<script>alert('Hello, world.');</script>")).toBe(
    "script-src 'self' 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='",
  )
  expect(directive('<style>p { margin: 0 }</style>', 'style-src')).toBe(`style-src 'self' ${hash('p { margin: 0 }')}`)
})

test.each([
  ['upper case, attributes', '<SCRIPT TYPE="module" async>x</SCRIPT >', ['x']],
  ['a > within an attribute', `<script data-a="a>b" data-b='>'>x</script>`, ['x']],
  ['several', '<script>x</script><p><script>y</script>', ['x', 'y']],
  ['line ends, as the parser makes them', '<script>\r\nx\ry\n</script>', ['\nx\ny\n']],
  ['NUL, as the parser makes it', '<script>a\0b</script>', ['a\u{fffd}b']],
  ['markup in a script', '<script>"<style>"</script><style>p{}</style><script>y</script>', ['"<style>"', 'y']],
  ['a tag with a longer name', '<scripts>x</scripts><script>y</scripts></script>', ['y</scripts>']],
  ['in a comment', '<!-- <script>x</script> --><script>y</script><!--><script>z</script>', ['y', 'z']],
  ['one that does not end', '<script>x</script><script>y', ['x']],
  ['a tag that does not end', '<script>x</script><script ', ['x']],
  ['letters beyond ASCII', '<script>"ü"</script>', ['"ü"']],
])('%s', (_, html, texts) => {
  expect(scripts(html)).toBe(["script-src 'self'", ...texts.map(hash)].join(' '))
})

test('of 32 each is named, of 33 the last is not', () => {
  const page = (count: number) => Array.from({ length: count }, (_, n) => `<script>${n}</script>`).join('')
  expect(scripts(page(32))?.split(' ')).toHaveLength(2 + 32)
  expect(scripts(page(33))).toBe(scripts(page(32)))
})

test('a page that is made to be slow to read is read all the same', () => {
  for (const part of ['<script', '<script>', '<script>x', '<!--', '</script', '<style a="']) {
    const started = performance.now()
    policyOf(part.repeat(1_000_000 / part.length))
    expect(performance.now() - started).toBeLessThan(5_000)
  }
})

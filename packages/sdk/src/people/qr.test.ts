import { NAME_MAX_LENGTH } from '@kith/protocol'
import decodeQR from 'qr/decode.js'
import { expect, test } from 'vitest'
import { inviteLink } from './links.ts'
import { qrSvg } from './qr.ts'

const record = { secret: new Uint8Array(16).fill(7), expiresAt: 1_700_000_000_000 }
const link = inviteLink('https://kith.example/app?x=1#old', record, ['wss://relay.example/relay'], 'Ann Ö.')

/** What a camera would see: the SVG's runs painted four pixels a module. */
function painted(svg: string) {
  const side = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1])
  const scale = 4
  const width = side * scale
  const data = new Uint8Array(width * width * 4).fill(255)
  for (const [, x, y, run] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g)) {
    for (let py = Number(y) * scale; py < (Number(y) + 1) * scale; py++) {
      for (let px = Number(x) * scale; px < (Number(x) + Number(run)) * scale; px++)
        data.fill(0, (py * width + px) * 4, (py * width + px) * 4 + 3)
    }
  }
  return { width, height: width, data }
}

test('the QR code is read back as the link, also the longest one of ours', () => {
  const relays = Array.from({ length: 8 }, (_, i) => `wss://relay-${i}.example/${'x'.repeat(40)}`)
  for (const text of [link, inviteLink('https://kith.example/', record, relays, 'ö'.repeat(NAME_MAX_LENGTH))]) {
    expect(decodeQR(painted(qrSvg(text)))).toBe(text)
  }
})

test('the SVG is scalable, named for screen readers, and black on its own white in any page', () => {
  const svg = qrSvg(link, 'Invitation <of> "Ann" & co')
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 \d+ \d+" role="img"/)
  expect(svg).not.toMatch(/ (width|height)=/)
  expect(svg).toContain('<title>Invitation &#60;of&#62; &#34;Ann&#34; &#38; co</title>')
  expect(svg).toContain('fill="#fff"')
  expect(svg).not.toContain('currentColor')
})

test('too long for a symbol: typed', () => {
  expect(qrSvg('x'.repeat(2952))).toContain('<svg')
  expect(() => qrSvg('x'.repeat(2953))).toThrow(expect.objectContaining({ code: 'too-large' }))
})

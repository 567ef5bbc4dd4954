import { afterEach, expect, test, vi } from 'vitest'
import { nearnessHere, nearnessOf } from './nearness.ts'
import { parseRelayUrl } from './relay-url.ts'

afterEach(() => void vi.unstubAllGlobals())

const nearness = (host: string) => nearnessOf(new URL(parseRelayUrl(`ws://${host}/relay`)).hostname)

test.each([
  ['localhost', 0],
  ['LOCALHOST.', 0],
  ['ｌocalhost', 0],
  ['%6cocalhost', 0],
  ['relay.localhost', 0],
  ['relay.localhost..', 0],
  ['localhost.localdomain', 0],
  ['ip6-localhost', 0],
  ['ip6-loopback', 0],
  ['127.0.0.1', 0],
  ['127.0.0.1.', 0],
  ['127.255.1.2:6379', 0],
  ['127.1', 0],
  ['2130706433', 0],
  ['0x7f000001', 0],
  ['0x7f.1', 0],
  ['0177.0.0.1', 0],
  ['017700000001', 0],
  ['１２７.0.0.1', 0],
  ['0.0.0.0', 0],
  ['0', 0],
  ['0.1.2.3', 0],
  ['[::1]', 0],
  ['[0:0:0:0:0:0:0:1]', 0],
  ['[::]', 0],
  ['[::127.0.0.1]', 0],
  ['[::ffff:127.0.0.1]', 0],
  ['[::ffff:7f00:1]', 0],
  ['[::ffff:0:127.0.0.1]', 0],
  ['[64:ff9b::127.0.0.1]', 0],
  ['[2002:7f00:1::]', 0],
  ['[2a01:db8::5efe:7f00:1]', 0],
  ['[2a01:db8::200:5efe:7f00:1]', 0],
])('%s is this device', (host, expected) => expect(nearness(host)).toBe(expected))

test.each([
  '10.0.0.1',
  '10.255.255.255:8080',
  '167772161', // 10.0.0.1
  '0xa.1',
  '012.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.257',
  '0300.0250.1',
  '169.254.169.254',
  '100.64.0.1',
  '100.127.255.255',
  '192.0.0.1',
  '198.18.0.1',
  '198.19.255.255',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '[fc00::1]',
  '[fdff:ffff::1]',
  '[fe80::1]',
  '[febf::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[100::1]',
  '[::ffff:192.168.0.1]',
  '[::ffff:0:10.0.0.1]',
  '[64:ff9b::10.0.0.1]',
  '[64:ff9b:1::808:808]',
  '[2002:c0a8:1::1]',
  '[2001::1]',
  '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
  '[2a01:db8::5efe:c0a8:1]',
  'router',
  'router.',
  'fritz.box.local',
  'printer.local',
  'PRINTER.LOCAL.',
  'host.docker.internal',
  'metadata.google.internal',
  'nas.lan',
  'nas.home.arpa',
  'wiki.corp',
  'box.localdomain',
])('%s is this network', (host) => expect(nearness(host)).toBe(1))

test.each([
  'relay.example',
  'relay.example.',
  'localhost.example',
  'notlocalhost.example',
  'my.local.example',
  '1.2.3.4.example',
  '9.9.9.9',
  '126.255.255.255',
  '128.0.0.1',
  '11.0.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.0.1',
  '192.169.0.1',
  '169.253.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '198.17.0.1',
  '198.20.0.1',
  '223.255.255.255',
  '[2a01:db8::1]',
  '[2001:1::1]',
  '[3fff::1]',
  '[::ffff:9.9.9.9]',
  '[64:ff9b::9.9.9.9]',
  '[2002:909:909::1]',
])('%s is the internet', (host) => expect(nearness(host)).toBe(2))

test('a page is as near as its host; a program, and a page that no host served, as its nearest relay', () => {
  expect(nearnessHere([])).toBe(0)
  expect(nearnessHere(['wss://relay.example/relay'])).toBe(2)
  expect(nearnessHere(['wss://relay.example/relay', 'ws://127.0.0.1:8787/relay'])).toBe(0)
  const at = (href: string) => vi.stubGlobal('location', new URL(href))
  at('https://kith.example/')
  expect(nearnessHere(['ws://127.0.0.1:8787/relay'])).toBe(2)
  at('http://192.168.1.5:8787/')
  expect(nearnessHere([])).toBe(1)
  at('http://[::1]:8787/')
  expect(nearnessHere([])).toBe(0)
  at('file:///home/ada/kith.html')
  expect(nearnessHere(['ws://127.0.0.1:8787/relay'])).toBe(0)
  expect(nearnessHere(['wss://relay.example/relay'])).toBe(2)
  expect(nearnessHere([])).toBe(0)
  at('chrome-extension://abcdefgh/page.html')
  expect(nearnessHere([])).toBe(2)
})

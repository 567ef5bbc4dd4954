import { expect, test } from 'vitest'
import { impliedOrigins } from './implied-origins.ts'

test.each([
  ['localhost:8787', 'localhost:8787'],
  ['LOCALHOST', 'localhost'],
  ['localhost.', 'localhost.'],
  ['app.localhost:8787', 'app.localhost:8787'],
  ['127.0.0.1:8787', '127.0.0.1:8787'],
  ['127.255.0.1', '127.255.0.1'],
  ['0x7f.1', '127.0.0.1'],
  ['[::1]:8787', '[::1]:8787'],
  ['[0:0::1]', '[::1]'],
  ['10.255.0.1', '10.255.0.1'],
  ['172.16.0.1', '172.16.0.1'],
  ['172.31.255.255', '172.31.255.255'],
  ['192.168.1.20:8787', '192.168.1.20:8787'],
  ['169.254.1.1', '169.254.1.1'],
  ['100.64.0.1', '100.64.0.1'],
  ['[fd00::1]', '[fd00::1]'],
  ['[fe80::1]', '[fe80::1]'],
  ['[::ffff:192.168.1.20]:8787', '[::ffff:c0a8:114]:8787'],
  ['nas:8787', 'nas:8787'],
  ['my-laptop.local:8787', 'my-laptop.local:8787'],
  ['relay.home.arpa', 'relay.home.arpa'],
  ['relay.internal', 'relay.internal'],
  ['relay.corp', 'relay.corp'],
  ['relay.intranet', 'relay.intranet'],
  ['relay.private', 'relay.private'],
  ['relay.localdomain:8787', 'relay.localdomain:8787'],
  ['localhost.localdomain', 'localhost.localdomain'],
  ['0.0.0.0:8787', '0.0.0.0:8787'],
  ['0.255.0.1', '0.255.0.1'],
  ['[::]:8787', '[::]:8787'],
])('%s was dialled as %s, with TLS or without', (host, dialled) => {
  expect(impliedOrigins(host)).toEqual([`ws://${dialled}`, `wss://${dialled}`])
})

test.each([
  'relay.example',
  'relay.example:8787',
  'relay.example.',
  'localhost.example',
  'notlocalhost.example',
  'xlocal.example',
  'evil-local.com',
  '127.0.0.1.nip.io',
  '192.168.1.20.example',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '1.0.0.0',
  '134744072',
  '[2001:db8::1]',
  '[::2]',
  'localdomain.example',
  '[::ffff:8.8.8.8]',
  '[2002:7f00:1::]',
  '[64:ff9b::127.0.0.1]',
])('%s is public', (host) => {
  expect(impliedOrigins(host)).toBe('public')
})

test.each([
  undefined,
  '',
  'a b',
  'a/b',
  'user@localhost',
  'localhost:99999',
  'localhost?x',
  '127.0.0.1#',
  '[::1',
  'a,b',
  '%6cocalhost',
])('%j is no host', (host) => {
  expect(impliedOrigins(host)).toBe('malformed')
})

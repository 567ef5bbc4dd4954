import { expect, test } from 'vitest'
import { checkIceServers, refusedIceServers } from './ice-servers.ts'

/** A browser whose policy, or whose many open connections, allow no more. */
class NoMore {
  constructor() {
    throw new Error('Cannot create so many PeerConnections')
  }
  close(): void {}
}

/** A browser that takes all but one address. */
class Picky {
  constructor({ iceServers = [] }: RTCConfiguration) {
    if (iceServers.some(({ urls }) => urls === 'bad')) throw new Error('bad is no address')
  }
  close(): void {}
}

const servers = [{ urls: 'stun:stun.example' }, { urls: 'bad' }]

test('the entry that the browser refuses is named', () => {
  expect(() => checkIceServers(servers, Picky)).toThrow(/iceServers\[1\]/)
  expect(refusedIceServers(servers, Picky, new Error('x')).code).toBe('invalid-argument')
})

test('where the browser refuses any connection, no entry is blamed', () => {
  expect(() => checkIceServers(servers, NoMore)).not.toThrow()
  const error = refusedIceServers(servers, NoMore, new Error('x'))
  expect([error.code, error.message]).toEqual(['unreachable', expect.stringContaining('so many PeerConnections')])
  expect(error.message).not.toContain('iceServers[')
})

import { KithError } from '@kith/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import type { PeerStatus, RelayStatus } from './api.ts'
import { Status } from './peer-status.ts'

afterEach(() => vi.restoreAllMocks())

function made(states: RelayStatus['state'][], isLocal: boolean) {
  const changes: PeerStatus[] = []
  let storageChanged = (): void => undefined
  const stopped = vi.fn()
  const status = new Status({
    roster: { status: states.map((state) => ({ url: 'wss://relay.example/relay', state })), isLocal },
    storage: {
      status: { state: 'persistent' },
      onStatus: (listener) => {
        storageChanged = () => listener({ state: 'session' })
        return Object.assign(stopped, { [Symbol.dispose]: stopped })
      },
    },
    onChange: (value) => changes.push(value),
  })
  return { status, changes, stopped, storageChanged: () => storageChanged() }
}

test.each([
  [['waiting', 'ready'], true, 'online'],
  [['waiting', 'connecting'], true, 'local'],
  [['waiting'], false, 'offline'],
  [[], false, 'offline'],
] as [RelayStatus['state'][], boolean, string][])('relays %s, other tabs %s: %s', (states, isLocal, reach) => {
  expect(made(states, isLocal).status.value.reach).toBe(reach)
})

test('each part that changes is reported, until the peer is closed', () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const { status, changes, stopped, storageChanged } = made(['ready'], false)
  storageChanged()
  status.changed()
  expect(changes.length).toBe(2)
  status.close()
  status.changed()
  status.unableToOffer(new KithError('unreachable', 'none'))
  expect([changes.length, stopped.mock.calls.length]).toEqual([2, 1])
})

test('ICE servers that fail are reported once for each reason, and once when they are back', () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const { status, changes } = made(['ready'], false)
  const error = new KithError('unreachable', 'none')
  for (const each of [undefined, error, new KithError('unreachable', 'none'), undefined, undefined]) status.unableToOffer(each)
  expect(changes.map(({ iceServers }) => iceServers)).toEqual([{ error }, {}])
  expect(logged).toHaveBeenCalledExactlyOnceWith(error)
})

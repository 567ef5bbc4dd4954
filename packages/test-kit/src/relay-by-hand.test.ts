import { addressKeys } from '@kith/protocol'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createRelay, type Relay } from '../../../signaling-relay/src/index.ts'
import { type RelayByHand, relayByHand, seededRandom } from './index.ts'

const random = seededRandom(1)
let relay: Relay
const clients: RelayByHand[] = []
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.close()
  await relay.close()
})

async function client(): Promise<RelayByHand> {
  relay ??= await createRelay({ port: 0, host: '127.0.0.1' })
  const one = await relayByHand(`ws://127.0.0.1:${relay.port}`, (url) => new WebSocket(url))
  clients.push(one)
  return one
}

test('binds honestly, sends and is sent to; then says what is no frame', async () => {
  const [attacker, victim] = [await client(), await client()]
  const keys = addressKeys(random(32))
  expect(await victim.bind(keys)).toEqual({ type: 'bound', count: 1 })
  const envelope = random(1024)
  attacker.say({ type: 'send', address: keys.address, envelope })
  expect(await victim.answer()).toEqual({ type: 'deliver', address: keys.address, envelope })

  attacker.bytes(Uint8Array.of(99))
  expect(await attacker.answer()).toEqual({ type: 'notice', notice: { code: 'malformed' } })
  expect(await attacker.answer()).toBeUndefined()
  expect((await attacker.closed).code).toBe(1008)
  // The other's address is the other's still.
  expect(victim.frames.waiting).toEqual([])
})

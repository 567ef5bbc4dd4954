import { expect, test } from 'vitest'
import { type Contact, createPeer, messages, type Peer, type Stream } from './index.ts'

/** Somebody of this browser who is found without a relay; a new person each. */
function person(): Promise<Peer> {
  return createPeer({ storage: 'memory', relays: [], page: 'https://kith.example/' })
}

async function friends(): Promise<[Peer, Peer]> {
  const [ada, bo] = await Promise.all([person(), person()])
  await ada.identity.setName('Ada')
  await bo.identity.setName('Bo')
  await ada.contacts.add({ id: bo.id, name: 'Bo' })
  await bo.contacts.add({ id: ada.id, name: 'Ada' })
  return [ada, bo]
}

test('two people who know each other open a stream, both ways', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  bo.handle('/echo/v1', async (stream) => {
    expect(stream.remote).toBe(ada.id)
    expect(stream.connection.contact?.name).toBe('Ada')
    for await (const message of messages(stream)) await messages(stream).send(message.data)
  })
  bo.handle('/shout/v1', async (stream: Stream) => {
    const chat = messages(stream)
    for await (const message of chat) await chat.send(message.text().toUpperCase())
    await chat.close()
  })
  const stream = await ada.open(bo.id, ['/whisper/v1', '/shout/v1'], { params: { about: 'noise' } })
  expect(stream.protocol).toBe('/shout/v1')
  expect(stream.params).toEqual({ about: 'noise' })
  expect(stream.connection.path).toBe('local')
  const chat = messages(stream)
  await chat.send('hello')
  const heard = await chat[Symbol.asyncIterator]().next()
  expect(heard.value?.text()).toBe('HELLO')
  await chat.close()
  await stream.closed
})

test('an invitation makes both contacts, by the names they call themselves', async () => {
  await using ada = await person()
  await using bo = await person()
  await ada.identity.setName('Ada')
  await bo.identity.setName('Bo')
  const invite = await ada.invite({ purposes: ['chat'] })
  const contact: Contact = await bo.accept(invite.link)
  expect(contact).toMatchObject({ id: ada.id, name: 'Ada', trust: 'trusted', online: true })
  expect(await invite.accepted).toMatchObject({ id: bo.id, name: 'Bo', purposes: ['chat'], online: true })
  await using third = await person()
  await expect(third.accept(invite.link)).rejects.toMatchObject({ code: 'used' })
})

test('nobody answers a stranger, nor someone blocked', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  await using stranger = await person()
  await expect(stranger.open(bo.id, '/echo/v1', { timeoutMs: 1500, disclose: 'direct' })).rejects.toMatchObject({
    code: 'no-answer',
  })
  await bo.contacts.update(ada, { trust: 'blocked' })
  await expect(ada.open(bo, '/echo/v1', { timeoutMs: 1500 })).rejects.toMatchObject({ code: 'no-relay' })
  await expect(bo.open(ada, '/echo/v1')).rejects.toMatchObject({ code: 'blocked' })
})

test('both dial in the same instant: both get their stream', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  for (const peer of [ada, bo]) peer.handle('/hi/v1', (stream) => stream.writable.close())
  const [one, other] = await Promise.all([ada.open(bo, '/hi/v1'), bo.open(ada, '/hi/v1')])
  await Promise.all([one.writable.close(), other.writable.close()])
  await Promise.all([one.closed, other.closed])
})

test('what is served is told, also when it changes', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  const connection = await ada.connect(bo)
  await expect(ada.open(bo, '/late/v1')).rejects.toMatchObject({ code: 'unsupported-protocol' })
  const told = new Promise((resolve) => connection.on('protocols', resolve))
  const stop = bo.handle('/late/v1', (stream) => stream.writable.close())
  await told
  expect([...connection.protocols]).toEqual(['/late/v1'])
  await (await ada.open(bo, '/late/v1')).writable.close()
  stop()
})

test('closing ends everything, on both sides, for a reason', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  bo.handle('/wait/v1', () => {})
  const up = new Promise((resolve) => bo.on('connection', resolve))
  const stream = await ada.open(bo, '/wait/v1')
  await up
  const cutShort = expect(stream.readable.getReader().read()).rejects.toMatchObject({ code: 'closed', source: 'remote' })
  await bo.close()
  await cutShort
  expect(await stream.connection.closed).toEqual({ code: 0, reason: 'closed' })
  await expect(bo.open(ada, '/wait/v1')).rejects.toMatchObject({ code: 'closed' })
})

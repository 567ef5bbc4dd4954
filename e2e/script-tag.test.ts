/** The script-tag build, as the README shows it. */
import { expect, test } from './fixtures.ts'
import { scriptTagPage } from './script-tag.ts'

test('window.Kith: two peers meet and echo a stream', async ({ relay, newBrowser }) => {
  const here = await scriptTagPage(await newBrowser(), relay.page)
  const there = await scriptTagPage(await newBrowser(), relay.page)

  const link = await here.evaluate(async () => {
    const peer = await Kith.createPeer({ storage: 'memory' })
    await peer.identity.setName('Echo')
    peer.handle('/echo/v1', (stream) => stream.readable.pipeTo(stream.writable))
    return (await peer.invite()).link
  })
  const heard = await there.evaluate(async (link) => {
    const peer = await Kith.createPeer({ storage: 'memory' })
    const contact = await peer.accept(link)
    const stream = await peer.open(contact, '/echo/v1')
    const writer = stream.writable.getWriter()
    await writer.write(new TextEncoder().encode('through a script tag'))
    await writer.close()
    return { name: contact.name, text: await new Response(stream.readable).text() }
  }, link)
  expect(heard).toEqual({ name: 'Echo', text: 'through a script tag' })
})

/** The other end of a chat may be any program. */
import { expect, test } from './fixtures.ts'
import { Person } from './person.ts'

test('nonsense over /chat/v1 does no harm, and what is sent twice is shown once', async ({ relay, site, newBrowser }) => {
  const stranger = await (await newBrowser()).newPage()
  await stranger.goto(site.scriptTagPage)
  const link = await stranger.evaluate(
    async ({ page, url }) => {
      const peer = await Kith.createPeer({ storage: 'memory', relays: [url], page })
      await peer.identity.setName('Mallory')
      peer.handle('/chat/v1', async (stream) => {
        const chat = Kith.messages(stream)
        const junk = [
          '',
          'not JSON',
          'null',
          '[]',
          '{"ack":7}',
          '{"ack":"nothing that was said"}',
          '{"id":"","text":"no id","at":0}',
          '{"id":"a","text":{},"at":0}',
          '{"id":"b","text":"beyond all dates","at":8.64e16}',
          `{"id":"c","text":"${'too long '.repeat(500)}","at":0}`,
          '{"id":"__proto__","text":"the year 1970","at":0}',
          '{"id":"d","text":"<img src=x onerror=alert(1)>","at":0}',
        ]
        for (const text of junk) await chat.send(text)
        await chat.send(new Uint8Array([0xff, 0xfe, 0x00]))
        for (const text of ['twice', 'twice']) await chat.send(JSON.stringify({ id: 'same', text, at: Date.now() }))
        for await (const _ of chat);
      })
      return (await peer.invite()).link
    },
    { page: relay.page, url: relay.url },
  )

  const ada = await Person.open(await newBrowser(), link, 'Ada Lovelace')
  await ada.accept()
  await expect(ada.page.getByRole('heading', { name: 'Mallory', exact: true })).toBeVisible()
  await expect(ada.said('twice')).toHaveCount(1)
  await expect(ada.said('the year 1970')).toHaveCount(1)
  // As text, not as an image.
  await expect(ada.said('<img src=x onerror=alert(1)>')).toHaveCount(1)
  await expect(ada.page.getByRole('log').getByRole('article')).toHaveCount(3)

  // Nor does it stay behind: the page works on, also after a reload.
  await ada.page.reload()
  await expect(ada.page.getByRole('log').getByRole('article')).toHaveCount(3)
  await ada.say('Hello?')
  await expect(ada.said('Hello?')).toContainText('Sent')
})

test('links lead where they say, and a name or a text turns nothing round', async ({ relay, site, newBrowser }) => {
  const stranger = await (await newBrowser()).newPage()
  await stranger.goto(site.scriptTagPage)
  const link = await stranger.evaluate(
    async ({ page, url }) => {
      const peer = await Kith.createPeer({ storage: 'memory', relays: [url], page })
      await peer.identity.setName('Mall\u202eory\u200b')
      peer.handle('/chat/v1', async (stream) => {
        const chat = Kith.messages(stream)
        const said = [
          'https://\u0430\u0440\u0440\u04cf\u0435.com/login',
          'https://evil.example/\u202egpj.exe',
          'https://bank.example@evil.example/',
          'https://m\u00fcnchen.de/',
          'Ada \u202eyas ot emos',
        ]
        for (const text of said) await chat.send(JSON.stringify({ id: text, text, at: Date.now() }))
        for await (const _ of chat);
      })
      return (await peer.invite()).link
    },
    { page: relay.page, url: relay.url },
  )
  const ada = await Person.open(await newBrowser(), link, 'Ada Lovelace')
  await ada.accept()
  await expect(ada.page.getByRole('heading', { name: 'Mallory', exact: true })).toBeVisible()
  const log = ada.page.getByRole('log')
  await expect(log.getByRole('article')).toHaveCount(5)
  await expect(log.getByRole('link')).toHaveText([
    'https://xn--80ak6aa92e.com/login',
    'https://evil.example/%E2%80%AEgpj.exe',
    'https://münchen.de/',
  ])
  for (const shown of await log.getByRole('link').all()) {
    expect(new URL(await shown.innerText()).href).toBe(await shown.getAttribute('href'))
  }
  // Nothing is left in the page that turns the order of letters round.
  expect(await ada.page.locator('body').innerText()).not.toMatch(/[\u200b\u202a-\u202e]/)
  await expect(ada.said('Ada yas ot emos')).toHaveCount(1)
})

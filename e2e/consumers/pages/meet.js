/** What every page does: it says hello over the link that it was opened with, shows what it hears, and prints a link of its own. */
export async function meet({ linkKind, messages }, peer, name) {
  await peer.identity.setName(name)
  peer.handle('/chat/v1', async (stream) => {
    const chat = messages(stream)
    for await (const message of chat) {
      show(`${name} heard: ${message.text()}`)
      await chat.send(`${name} says hello too`)
    }
  })
  if (linkKind(location.href) === 'invite') {
    const chat = messages(await peer.open(await peer.accept(location.href), '/chat/v1'))
    await chat.send(`hello from ${name}`)
    for await (const message of chat) {
      show(`${name} heard: ${message.text()}`)
      break
    }
  }
  const { link } = await peer.invite()
  show(link)
}

export function show(text) {
  const line = document.createElement('li')
  line.textContent = text
  document.body.append(line)
}

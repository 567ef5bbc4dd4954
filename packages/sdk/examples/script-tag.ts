// <script src="kith.global.js"></script>: no import, the global is typed.
void (async () => {
  const peer = await Kith.createPeer({ storage: 'memory' })
  peer.handle('/chat/v1', async (stream) => {
    for await (const message of Kith.messages(stream)) console.log(message.text())
  })
})()

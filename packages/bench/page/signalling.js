/** The least that signalling can be: what one of a room sends, the other gets. */
export async function joinRoom(url, room) {
  const socket = new WebSocket(`${url}${room}`)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error(`no signalling server at ${url}`))
  })
  return socket
}

// A way to a TCP port on which everything takes a while longer, in either direction.
import { connect, createServer } from 'node:net'

/**
 * @param {number | string} port of the server behind it, at localhost
 * @param {number} delayMs for each direction
 * @returns {Promise<{ port: number, close(): void }>}
 */
export async function startDelay(port, delayMs) {
  const sockets = new Set()
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: Number(port), host: 'localhost', noDelay: true })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from)
      // Timers of one length fire in the order in which they were set.
      from.on('data', (chunk) => setTimeout(() => to.write(chunk), delayMs))
      from.on('end', () => setTimeout(() => to.end(), delayMs))
      from.on('error', () => to.destroy())
      from.on('close', () => sockets.delete(from))
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

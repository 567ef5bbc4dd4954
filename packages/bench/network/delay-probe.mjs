// Runs in a network namespace of its own (delay.test.mjs starts it): sends datagrams over a path and says how they came back, as JSON.
//
//   node delay-probe.mjs '{"delayMs":20,"rateMbit":0,"lossPercent":0}' COUNT BYTES EVERY_MS
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { joinNamespace } from './namespace.mjs'

const PORT = 7000
/** No answer for so long: no more will come. */
const QUIET_MS = 700
const ECHO = `const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (message, { port, address }) => socket.send(message, port, address))
socket.bind(${PORT}, () => console.log('ready'))`

const [path, ...numbers] = process.argv.slice(2).map((argument) => JSON.parse(argument))
const [count, bytes, everyMs] = numbers

const joined = await joinNamespace()
const echo = spawn(joined.wrapper(process.execPath), ['-e', ECHO], { stdio: ['ignore', 'pipe', 'inherit'] })
await once(echo.stdout, 'data')
await joined.set(path)

const socket = createSocket('udp4')
const sentAt = []
const answers = []
let lastAt = performance.now()
socket.on('message', (message) => {
  lastAt = performance.now()
  const index = message.readUInt32BE(0)
  answers.push({ index, elapsedMs: lastAt - sentAt[index] })
})
for (let index = 0; index < count; index++) {
  const message = Buffer.alloc(bytes)
  message.writeUInt32BE(index)
  sentAt.push(performance.now())
  socket.send(message, PORT, '10.9.0.2')
  if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs))
}
lastAt = performance.now()
while (performance.now() < lastAt + QUIET_MS) await new Promise((resolve) => setTimeout(resolve, QUIET_MS / 10))

console.log(JSON.stringify(answers))
socket.close()
echo.kill()
joined.close()

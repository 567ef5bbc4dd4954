/**
 * What is measured, in the dialler's page, the same for every contender.
 *
 * A contender is a module that exports `create(options)`; options are `{ role: 'dialler' | 'callee', room, servers }`. It resolves to
 * an end. Both have `leave()`, which gives up everything, and where they need to know of each other `id` and `meet(id)`. Besides
 *
 *   the dialler  `dial()`         connects, until one byte has come back on `echo`, the conversation that stays open
 *                `hangUp()`       ends the connection, and no more
 *                `open(kind, n)`  a new stream: 'echo' sends back what comes; 'sink' says one byte when it has read n bytes
 *                `datagrams()`    a new flow, whose `send(datagram)` works as `write`; missing where there are none
 *                `hasStreams`     whether many streams share a connection; where not, `open` makes a connection for each
 *   the callee   `hungUp()`       resolves once the connection is gone here too
 *                `datagrams`      a DatagramCount
 *
 * A stream has `write(chunk)`, which gives a promise where the next write should wait for it; `finish()`, after the last write;
 * `read(n)`, which resolves when n more bytes have come; and `close()`.
 */

/** @returns {Promise<number[]>} how long each round trip took, ms */
export async function pings(end, { times, bytes }) {
  const message = new Uint8Array(bytes)
  const elapsedMs = []
  for (let ping = 0; ping < times; ping++) elapsedMs.push(await roundTrip(end.echo, message))
  return elapsedMs
}

/** A new stream and one byte there and back on it, again and again. */
export async function opens(end, { times }) {
  const message = new Uint8Array(1)
  const elapsedMs = []
  for (let count = 0; count < times; count++) {
    const startedAt = performance.now()
    const stream = await end.open('echo')
    await roundTrip(stream, message)
    elapsedMs.push(performance.now() - startedAt)
    stream.close()
  }
  return elapsedMs
}

/** One transfer on a stream that is open, until the other side has said that it has all of it; ms. */
export async function bulk(end, { bytes, messageBytes }) {
  const stream = await end.open('sink', bytes)
  const elapsedMs = await transfer(stream, bytes, messageBytes)
  stream.close()
  return elapsedMs
}

/** Round trips, one after the other, for as long as a transfer goes on beside them. */
export async function loadedPings(end, { bytes, messageBytes, pingBytes }) {
  const stream = await end.open('sink', bytes)
  let isOver = false
  const transferred = transfer(stream, bytes, messageBytes).finally(() => {
    isOver = true
  })
  const message = new Uint8Array(pingBytes)
  const elapsedMs = []
  while (!isOver) elapsedMs.push(await roundTrip(end.echo, message))
  const bulkMs = await transferred
  stream.close()
  return { elapsedMs, bulkMs }
}

/** So many streams at once, from before they are open until all has arrived; ms. */
export async function streams(end, { count, bytes, messageBytes }) {
  const startedAt = performance.now()
  const opened = await Promise.all(
    Array.from({ length: count }, async () => {
      const stream = await end.open('sink', bytes)
      await transfer(stream, bytes, messageBytes)
      return stream
    }),
  )
  const elapsedMs = performance.now() - startedAt
  for (const stream of opened) stream.close()
  return elapsedMs
}

/** Datagrams as fast as they are taken; how many. */
export async function datagrams(end, { durationMs, bytes }) {
  const flow = await end.datagrams()
  const datagram = new Uint8Array(bytes)
  let sent = 0
  for (const endsAt = performance.now() + durationMs; performance.now() < endsAt; sent++) {
    const room = flow.send(datagram)
    if (room) await room
  }
  return { flow, sent }
}

async function roundTrip(stream, message) {
  const startedAt = performance.now()
  const back = stream.read(message.length)
  stream.write(message)
  await back
  return performance.now() - startedAt
}

async function transfer(stream, bytes, messageBytes) {
  const message = new Uint8Array(messageBytes)
  const startedAt = performance.now()
  const received = stream.read(1)
  for (let sent = 0; sent < bytes; sent += messageBytes) {
    const room = stream.write(message)
    if (room) await room
  }
  stream.finish()
  await received
  return performance.now() - startedAt
}

import { stamped } from '/page/bytes.js'

/**
 * What is measured, in the dialler's page, the same for every contender.
 *
 * A contender is a module that exports `create(options)`; options are `{ role: 'dialler' | 'callee', room, servers }`. It resolves to
 * an end. Both have `leave()`, which gives up everything, and where they need to know of each other `id` and `meet(id)`. Besides
 *
 *   the dialler  `dial()`         connects, until one byte has come back on `echo`, the conversation that stays open
 *                `hangUp()`       ends the connection, and no more
 *                `open(kind)`     a new stream: 'echo' sends back what comes; 'sink' says one byte when it has read all
 *                `datagrams()`    a new flow, whose `send(datagram)` works as `write`; missing where there are none
 *                `call()`         sends a picture and sound, once the callee has let it, until `endCall()`; perhaps missing
 *                `hasStreams`     whether many streams share a connection; where not, `open` makes a connection for each
 *   the callee   `hungUp()`       resolves once the connection is gone here too
 *                `datagrams`      a DatagramCount
 *
 * A stream has `write(chunk)`, which gives a promise where the next write should wait for it; `finish()`, after the last write to a sink;
 * `read(n)`, which resolves when n more bytes have come; and `close()`.
 */

/**
 * Round trips, one after the other, no more than `times` and none begun after `durationMs`.
 * @returns {Promise<number[]>} how long each took, ms
 */
export async function pings(end, { times, durationMs, bytes }) {
  const message = new Uint8Array(bytes)
  const elapsedMs = []
  const endsAt = performance.now() + durationMs
  while (elapsedMs.length < times && performance.now() < endsAt) elapsedMs.push(await roundTrip(end.echo, message))
  return elapsedMs
}

/** A new stream and one byte there and back on it, again and again; limits as those of `pings`. */
export async function opens(end, { times, durationMs }) {
  const message = new Uint8Array(1)
  const elapsedMs = []
  const endsAt = performance.now() + durationMs
  while (elapsedMs.length < times && performance.now() < endsAt) {
    const startedAt = performance.now()
    const stream = await end.open('echo')
    await roundTrip(stream, message)
    elapsedMs.push(performance.now() - startedAt)
    stream.close()
  }
  return elapsedMs
}

/** One transfer on a stream that is open. */
export async function bulk(end, load) {
  const stream = await end.open('sink')
  const result = await transfer(stream, load)
  stream.close()
  return result
}

/** Round trips, one after the other, for as long as a transfer goes on beside them; `result`: how long each took, ms. */
export function loadedPings(end, { bytes, load }) {
  const message = new Uint8Array(bytes)
  return beside(end, load, async (isOver) => {
    const elapsedMs = []
    while (!isOver()) elapsedMs.push(await roundTrip(end.echo, message))
    return elapsedMs
  })
}

/** So many streams at once, from before they are open until all has arrived; `sent` of all together. */
export async function streams(end, { count, ...load }) {
  const startedAt = performance.now()
  const opened = await Promise.all(
    Array.from({ length: count }, async () => {
      const stream = await end.open('sink')
      return { stream, ...(await transfer(stream, load)) }
    }),
  )
  const elapsedMs = performance.now() - startedAt
  for (const { stream } of opened) stream.close()
  return { sent: opened.reduce((sum, { sent }) => sum + sent, 0), elapsedMs }
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

/**
 * Messages there and back at a steady pace, whether or not the ones before are back: a slow answer does not keep the next from being
 * sent, so that the share of slow ones is what a steady sender meets. For `durationMs`, or as long as the transfer `load` beside them.
 * @returns {Promise<{ result: number[], bulk?: { sent: number, elapsedMs: number } }>} how long each took, ms
 */
export function pacedPings(end, { everyMs, bytes, durationMs, load }) {
  const message = new Uint8Array(bytes)
  return beside(end, load, async (isOver) => {
    const elapsedMs = []
    let answered = Promise.resolve()
    await pace({ everyMs, isOver: isOver ?? after(durationMs) }, () => {
      const sentAt = performance.now()
      end.echo.write(message)
      // They come back in order.
      answered = answered.then(() => end.echo.read(bytes)).then(() => elapsedMs.push(performance.now() - sentAt))
    })
    await answered
    return elapsedMs
  })
}

/**
 * Datagrams at a steady pace, each stamped, for as long as `pacedPings`; `result`: how many.
 * @returns {Promise<{ flow: object, result: number, bulk?: object }>}
 */
export async function pacedDatagrams(end, { everyMs, bytes, durationMs, load }) {
  const flow = await end.datagrams()
  const sent = await beside(end, load, (isOver) =>
    pace({ everyMs, isOver: isOver ?? after(durationMs) }, () => flow.send(stamped(bytes))),
  )
  return { flow, ...sent }
}

async function roundTrip(stream, message) {
  const startedAt = performance.now()
  const back = stream.read(message.length)
  stream.write(message)
  await back
  return performance.now() - startedAt
}

/**
 * Until the other side has said that it has all: `bytes`, or what could be written within `durationMs`.
 * @returns {Promise<{ sent: number, elapsedMs: number }>} bytes, and until that answer
 */
async function transfer(stream, { bytes = Number.POSITIVE_INFINITY, durationMs, messageBytes }) {
  const message = new Uint8Array(messageBytes)
  const startedAt = performance.now()
  const received = stream.read(1)
  let sent = 0
  while (sent < bytes && performance.now() < startedAt + durationMs) {
    const room = stream.write(message)
    sent += messageBytes
    if (room) await room
  }
  stream.finish()
  await received
  return { sent, elapsedMs: performance.now() - startedAt }
}

/** Something that goes on for as long as a transfer does; without one, `run` decides for how long. */
async function beside(end, load, run) {
  if (load === undefined) return { result: await run() }
  const stream = await end.open('sink')
  let isOver = false
  const transferred = transfer(stream, load).finally(() => {
    isOver = true
  })
  const result = await run(() => isOver)
  const bulk = await transferred
  stream.close()
  return { result, bulk }
}

const after = (durationMs) => {
  const endsAt = performance.now() + durationMs
  return () => performance.now() >= endsAt
}

/** Does something every so often, and at once what a late timer has missed. @returns how often it did */
async function pace({ everyMs, isOver }, step) {
  let times = 0
  for (const startedAt = performance.now(); !isOver(); ) {
    for (; performance.now() >= startedAt + times * everyMs; times++) step()
    await new Promise((resolve) => setTimeout(resolve, startedAt + times * everyMs - performance.now()))
  }
  return times
}

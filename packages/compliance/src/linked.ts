/** A whole link over a path, as the suites use it. */
import type { ProtocolName } from '@kith/protocol'
import { Link, type LinkStream } from '@kith/sdk/parts'
import type { OpenPath, Path } from './path.ts'

/** The callee sends back what comes. */
export const ECHO: ProtocolName = '/echo/1'
/** The callee gives the stream to `taken`. */
export const TAKE: ProtocolName = '/take/1'

export interface Linked {
  readonly path: Path
  readonly dialler: Link
  readonly callee: Link
  readonly taken: Promise<LinkStream>
  close(): Promise<void>
}

export async function linked(open: OpenPath): Promise<Linked> {
  const path = await open()
  const { ends, maxMessageBytes } = path
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const common = { instance: new Uint8Array(16), maxMessageSize: maxMessageBytes }
  let take = (_: LinkStream) => {}
  const taken = new Promise<LinkStream>((resolve) => {
    take = resolve
  })
  const dialler = new Link({
    ...common,
    lanes: ends[0],
    role: 0,
    confirmation: { ours: a, theirs: b },
    protocols: [],
    onIncoming: () => undefined,
  })
  const callee = new Link({
    ...common,
    lanes: ends[1],
    role: 1,
    confirmation: { ours: b, theirs: a },
    protocols: [ECHO, TAKE],
    onIncoming: ({ protocol }) =>
      protocol === ECHO ? (stream) => stream.readable.pipeTo(stream.writable) : (stream) => take(stream),
  })
  await Promise.all([dialler.ready, callee.ready])
  return {
    path,
    dialler,
    callee,
    taken,
    async close() {
      // One after the other: an end that gets a goodbye answers at once.
      await dialler.close()
      await callee.close()
      await path.dispose()
    },
  }
}

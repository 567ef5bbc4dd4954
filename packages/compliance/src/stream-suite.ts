/**
 * What a user of WHATWG streams expects of a stream of ours: after the expectations of the public tests for streams and for
 * WebTransport (web-platform-tests `streams/` and `webtransport/`), in our own words, over a whole link.
 *
 * Left out, since the wire or the standard says otherwise:
 * - codes beyond 2^32 − 1 or 255: WebTransport maps them onto HTTP/3's, ours are whole numbers up to 2^53 − 1 as they are;
 * - `abort()` beside a `close()` that is under way resolves where the sink's close does: ours never does after an abort, since
 *   nothing that was cut short resolves, so both reject with the reason;
 * - `abort()` without a reason: the write under way rejects with the platform's AbortError, those behind it with undefined;
 * - what had come before the remote's abort and was not read is gone, as behind WebTransport's RESET_STREAM;
 * - the size of chunks: bytes arrive in frames, not as they were written;
 * - transferring a stream to a worker is the platform's: the suite runs where there is none.
 */
import { afterEach, describe } from 'vitest'
import { type Linked, linked, TAKE } from './linked.ts'
import type { OpenPath } from './path.ts'
import type { OpenPair } from './stream-pair.ts'
import { pipingTests } from './stream-piping.ts'
import { readingTests } from './stream-reading.ts'
import { writingTests } from './stream-writing.ts'

export function streamSuite(name: string, open: OpenPath): void {
  describe(`WHATWG streams: ${name}`, () => {
    let current: Linked | undefined
    afterEach(() => current?.close())

    const pair: OpenPair = async () => {
      const link = await linked(open)
      current = link
      const local = await link.dialler.open(TAKE)
      return { local, remote: await link.taken, link }
    }

    writingTests(pair)
    readingTests(pair)
    pipingTests(pair)
  })
}

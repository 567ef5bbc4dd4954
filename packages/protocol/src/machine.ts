/**
 * How everything in this package is built.
 *
 * A machine decides; a driver touches the world. A machine has no clock, no timer, no randomness of its own, no Promise and no
 * callback: inputs go in by `handle` together with the present time, outputs come out by `poll` until there are none, and
 * `deadline` says when it must be called next even without an input. So the same code runs in a page, in Node, and by
 * the thousand under the simulator's virtual clock, where a seed gives the same bytes every time.
 *
 * What must be awaited (a signature by a key that lives in WebCrypto, say) is an output that asks for it and, later, an input
 * that brings the result.
 */

/** Milliseconds. As an instant: since 1970 where days matter (epochs), else by any clock that never goes back. */
export type Millis = number

/** Bytes in an ArrayBuffer of their own: Uint8Array<ArrayBuffer>, as compilers older than TypeScript 5.7 can read it. */
export type Bytes = ReturnType<Uint8Array['slice']>

/** That many fresh random bytes, fit for keys. */
export type Random = (length: number) => Bytes

export interface Machine<In, Out> {
  /** Takes one input; changes state once; never throws for what a remote sent. */
  handle(input: In, now: Millis): void
  /** The next output, or undefined when there is none for now: drain it after every `handle`. */
  poll(): Out | undefined
  /** When to call `handle` with a 'tick' at the latest; undefined for not at all. The driver owns one timer. */
  deadline(): Millis | undefined
}

/** The earlier of two deadlines, either of which may be none. */
export function sooner(a: Millis | undefined, b: Millis | undefined): Millis | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}

/**
 * mocha's words for a suite that was written for it, said in vitest's: each of its tests is one of ours, counted and named like all
 * the others. The suite asks for more time than mocha would give it; here it has that anyway.
 */
import { afterAll, afterEach, beforeEach, describe, test } from 'vitest'

type Body = (this: { timeout(ms: number): void }) => unknown

const context = { timeout: () => {} }

/** Calls `define` with mocha's globals in place. Says at the end how many of its tests passed. */
export function defineMochaSuite(title: string, timeoutMs: number, define: () => void): void {
  let [passed, all] = [0, 0]
  const words = {
    beforeEach,
    afterEach,
    describe: (name: string, body: Body) => describe(name, () => void body.call(context)),
    it: (name: string, body: Body) => {
      all += 1
      test(name, { timeout: timeoutMs }, async () => {
        await body.call(context)
        passed += 1
      })
    },
  }
  Object.assign(globalThis, words)
  define()
  afterAll(() => console.warn(`${title}: ${passed} of ${all} passed`))
}

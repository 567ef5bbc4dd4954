/** For tests in Chromium: what a page holds. */
import { cdp } from 'vitest/browser'

interface HeapUsage {
  readonly usedSize: number
  readonly embedderHeapUsedSize: number
  readonly backingStorageSize: number
}

/** What the objects and buffers of this page take, once the garbage has been collected. */
export async function heldBytes(): Promise<number> {
  // Vitest types no commands: what they take and give is the browser's.
  const session = cdp() as unknown as { send(method: string): Promise<HeapUsage> }
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage')
  return usedSize + embedderHeapUsedSize + backingStorageSize
}

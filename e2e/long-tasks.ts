/** Tasks of a page that take so long that they are felt. */
import type { Page } from '@playwright/test'

export const TASK_MS = 50

declare global {
  interface Window {
    /** How long tasks took that took too long, ms. */ longTasks: number[]
  }
}

/** From now on. */
export async function watchTasks(page: Page): Promise<void> {
  await page.evaluate((taskMs) => {
    window.longTasks = []
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) if (duration > taskMs) window.longTasks.push(Math.round(duration))
    }).observe({ entryTypes: ['longtask'] })
  }, TASK_MS)
}

/** What they took beyond that, in all; `text`: for the report. */
export async function longTasks(page: Page): Promise<{ readonly blockedMs: number; readonly text: string }> {
  const tasks = await page.evaluate(() => window.longTasks)
  const blockedMs = tasks.reduce((sum, ms) => sum + ms - TASK_MS, 0)
  const longest = Math.max(0, ...tasks)
  return { blockedMs, text: `${tasks.length} tasks over ${TASK_MS} ms, the longest ${longest}, blocked ${blockedMs}` }
}

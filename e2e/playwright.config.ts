import { defineConfig } from '@playwright/test'
import { chromium } from '../scripts/browsers.mjs'

/** Real browsers, the real relay, real WebRTC, on what `npm run build` made. */
export default defineConfig({
  testDir: '.',
  outputDir: '../test-results/e2e',
  // A journey waits for a dial to give up (15 s) at most twice; a machine that others share was seen to take three times as long.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  fullyParallel: true,
  workers: 2,
  // A test that passes the second time has found something.
  retries: 0,
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  use: {
    launchOptions: chromium(),
    locale: 'en-GB',
    // Without its film of each page, which took half of all the CPU time of a call: the trace has the state of the page at each step.
    trace: { mode: 'retain-on-failure', screenshots: false },
    screenshot: 'only-on-failure',
  },
})

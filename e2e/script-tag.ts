/** A page that has the script-tag build and nothing else. */
import { readFileSync } from 'node:fs'
import type { BrowserContext, Page } from '@playwright/test'
import { GLOBAL_BUILD } from './relay.ts'

/** `Kith` is in scope of what is then given to `page.evaluate`. The page has the relay's origin, so that it finds its default relay. */
export async function scriptTagPage(context: BrowserContext, relayPage: string): Promise<Page> {
  const page = await context.newPage()
  await page.route(`${relayPage}script-tag/**`, (route) =>
    route.request().url().endsWith('.js')
      ? route.fulfill({ contentType: 'text/javascript', body: readFileSync(GLOBAL_BUILD, 'utf8') })
      : route.fulfill({
          contentType: 'text/html',
          body: '<!doctype html><title>Script tag</title><script src="kith.global.js"></script>',
        }),
  )
  await page.goto(`${relayPage}script-tag/`)
  return page
}

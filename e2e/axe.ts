/** What axe finds on a screen that somebody could not use. */
import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'

/** Serious and critical findings, each as one line. */
export async function findings(person: { page: Page }): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page: person.page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`))
}

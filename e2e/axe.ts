/** What axe finds on a screen that a person could not use. */
import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'

/** Serious and critical findings, each as one line. */
export async function findings(person: { page: Page }): Promise<string[]> {
  // 'Legacy': no second page to gather what frames have to say, which takes longer than all the rest. There are no frames.
  const axe = new AxeBuilder({ page: person.page }).setLegacyMode().options({ resultTypes: ['violations'] })
  const { violations } = await axe.analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`))
}

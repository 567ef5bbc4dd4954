/** What a screen does that it should not: is wider than it is, or moves before someone who asked for stillness. */
import type { BrowserContext, Page } from '@playwright/test'

/** What has to be scrolled sideways, and what sticks out at a side. */
export function sideways(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    const look = (root: Document | ShadowRoot) => {
      for (const element of root.querySelectorAll('*')) {
        // The editor lives in one.
        if (element.shadowRoot) look(element.shadowRoot)
        if (!element.checkVisibility() || element.closest('.unseen')) continue
        const name = `${element.localName}.${element.className} ${element.textContent?.slice(0, 30)}`
        const isScroller = element === document.documentElement || /auto|scroll/.test(getComputedStyle(element).overflowX)
        if (isScroller && element.scrollWidth > element.clientWidth) found.push(`scrolls: ${name}`)
        // Words that end with an ellipsis are cut off by what is around them.
        const { display } = getComputedStyle(element)
        if (display === 'inline' && element.parentElement && getComputedStyle(element.parentElement).textOverflow === 'ellipsis')
          continue
        const { left, right, width } = element.getBoundingClientRect()
        if (width > 0 && (left < -1 || right > innerWidth + 1)) found.push(`sticks out: ${name}`)
      }
    }
    look(document)
    return found
  })
}

/** Keeps what moves in the pages that are opened from now on, also what is over before one looks. */
export async function watchMotion(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const motions = new Set<string>()
    /** What takes longer than this is seen to move. */
    const INSTANT_MS = 10
    const keep = (animations: Animation[]) => {
      for (const animation of animations) {
        const { effect } = animation
        if (!(effect instanceof KeyframeEffect) || animation.playState !== 'running') continue
        // What fades or blinks stays where it is.
        const changed = effect.getKeyframes().flatMap(Object.keys)
        const isStill = changed.every((name) => ['opacity', 'offset', 'computedOffset', 'easing', 'composite'].includes(name))
        const lasts = Number(effect.getComputedTiming().activeDuration)
        if (lasts > INSTANT_MS && !isStill)
          motions.add(`${effect.target?.className}${effect.pseudoElement ?? ''} moves for ${lasts} ms`)
      }
    }
    for (const type of ['animationstart', 'transitionrun'])
      addEventListener(type, ({ target }) => target instanceof Element && keep(target.getAnimations({ subtree: true })), true)
    Object.assign(globalThis, {
      motions: () => {
        keep(document.getAnimations())
        return [...motions]
      },
    })
  })
}

/** What has moved on this page so far. */
export function motions(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as { motions(): string[] }).motions())
}

import type { LaunchOptions } from 'playwright'

type Browser = 'chromium' | 'firefox'

export function chromium(): LaunchOptions & { args: string[] }
export function firefox(): LaunchOptions | undefined
export function ensureBrowsers(names?: readonly Browser[]): void
export const NO_FIREFOX: string

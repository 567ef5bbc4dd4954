import type { LaunchOptions } from 'playwright'

export function findChromium(): string | undefined
export function chromium(): LaunchOptions & { args: string[] }
export function ensureChromium(): void

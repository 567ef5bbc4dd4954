import type { ErrorCode } from '@kith/sdk'

/** The code of a KithError; undefined for anything else. */
export function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? (error.code as ErrorCode) : undefined
}

import { BINDS_PER_SOCKET } from '../limits.ts'

/**
 * To how many addresses `count` of them are padded with random ones: 16, 64, 256, 1,024 or 4,096, so that a relay learns one of
 * five sizes and not of every friendship. BINDS_PER_SOCKET is the last: of more, the caller chooses which.
 */
export function paddedCount(count: number): number {
  let padded = 16
  while (padded < count && padded < BINDS_PER_SOCKET) padded *= 4
  return padded
}

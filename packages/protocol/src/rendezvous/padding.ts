/**
 * To how many addresses `count` of them are padded with random ones, so that a relay learns of three sizes and not of every
 * friendship. 256 is what a relay lets one socket bind (BINDS_PER_SOCKET): of more, the caller chooses which.
 */
export function paddedCount(count: number): 16 | 64 | 256 {
  if (count <= 16) return 16
  return count <= 64 ? 64 : 256
}

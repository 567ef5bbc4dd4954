export interface ReadmeBlock {
  readonly heading: string
  readonly language: string
  readonly line: number
  readonly code: string
}
export const SDK_README: string
export function readmeBlocks(path?: string): ReadmeBlock[]
export function isProgram(block: ReadmeBlock): boolean

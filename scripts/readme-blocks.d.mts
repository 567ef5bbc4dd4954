export interface ReadmeBlock {
  readonly heading: string
  readonly language: string
  readonly line: number
  readonly code: string
}
export function readmeBlocks(): ReadmeBlock[]
export function isProgram(block: ReadmeBlock): boolean

/**
 * Removes error messages from the script-tag build, which every visitor of a page loads. The errors themselves stay, with their classes
 * and codes; every check stays. Removed are the messages of `violation(…)`, which only the developer of the other side would read (a program
 * reads the code 'peer-violation'), and of what the libraries and our own `protocol` throw at a caller with a bug, which in `noise` are
 * KithErrors. Every other KithError keeps its message. The ES module keeps all messages: developers use it.
 */
import type { Plugin } from 'vite'

/** Not simple-peer: its message about a channel becomes a KithError's. */
const BARE_ERRORS_IN = /\/node_modules\/(@noble|@scure|@msgpack)\/|\/packages\/protocol\/src\//
const VIOLATIONS_IN = /\/packages\/(protocol|sdk)\/src\//
const BUGS_IN = /\/packages\/protocol\/src\/noise\//

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly callee?: Node & { readonly name?: string }
  readonly arguments?: readonly Node[]
}

export function withoutWords(): Plugin {
  return {
    name: 'kith:without-words',
    transform(code, id) {
      const path = id.replaceAll('\\', '/')
      const isWordy = ({ type, callee }: Node) =>
        (type === 'CallExpression' && callee?.name === 'violation' && VIOLATIONS_IN.test(path)) ||
        (type === 'NewExpression' && callee?.name === 'KithError' && BUGS_IN.test(path)) ||
        (type === 'NewExpression' && /^(Type|Range|Decode)?Error$/.test(callee?.name ?? '') && BARE_ERRORS_IN.test(path))
      if (!VIOLATIONS_IN.test(path) && !BARE_ERRORS_IN.test(path)) return null
      // From the last to the first, so that the positions of those before stay valid. They are not nested.
      return { code: calls(this.parse(code) as unknown as Node, isWordy).reduceRight(withoutSentence, code), map: null }
    },
  }
}

function calls(node: Node, isMeant: (node: Node) => boolean): Node[] {
  if (isMeant(node)) return [node]
  return Object.values(node)
    .flat()
    .filter((child): child is Node => typeof child === 'object' && child !== null && 'type' in child)
    .flatMap((child) => calls(child, isMeant))
    .sort((a, b) => a.start - b.start)
}

/** The sentence is the first argument, of a KithError the one after its code. A cause beside it is what programs read, and stays. */
function withoutSentence(code: string, { callee, arguments: given = [] }: Node): string {
  const [first, last] = [given[0], given.at(-1)]
  if (!first || !last) return code
  const at = callee?.name === 'KithError' ? 1 : 0
  const texts = given.map(({ start, end }) => code.slice(start, end))
  const kept = [...texts.slice(0, at), ...(texts.length > at + 1 ? ['undefined', ...texts.slice(at + 1)] : [])]
  return code.slice(0, first.start) + kept.join(', ') + code.slice(last.end)
}

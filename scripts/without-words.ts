/**
 * For the script-tag build, which every visitor of a page loads: errors that no person and no program reads keep their kind and
 * their place, and lose their sentence. These are `violation(…)`, meant for whoever develops the other side, whose code
 * 'peer-violation' says enough to a program; and what the libraries and our own `protocol` throw at a caller that has a bug, which
 * in `noise` are KithErrors. Elsewhere a KithError of our own keeps what it says. The ES module keeps everything: it is what one
 * develops with.
 */
import type { Plugin } from 'vite'

/** simple-peer is not among them: what it says of a channel becomes a KithError's message. */
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
      // From the last to the first, so that those before stay where the tree says they are; none has another within.
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

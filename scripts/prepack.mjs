// `npm pack` and `npm publish` of a package: refuses to leave out what its package.json names. Run by npm, in the package's folder.
import { existsSync, readFileSync } from 'node:fs'

const { name, main, module, types, unpkg, jsdelivr, bin, exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const named = leaves([main, module, types, unpkg, jsdelivr, bin, exports, 'README.md', 'LICENSE'])
const missing = [...new Set(named)].filter((path) => !existsSync(path))
if (missing.length > 0) {
  console.error(`${name} lacks ${missing.join(', ')}. Run 'npm run build' at the root of the repository first.`)
  process.exit(1)
}

/** All strings in a tree of objects and arrays. */
function leaves(tree) {
  if (typeof tree === 'string') return [tree]
  return typeof tree === 'object' && tree !== null ? Object.values(tree).flatMap(leaves) : []
}

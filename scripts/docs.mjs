// `npm run docs`: the public API as pages, from packages/sdk/src/index.ts, in dist/docs. `--check` writes nothing. Both fail if something
// exported, or a member of it, has no docstring, if a type that it needs is not exported, or if a link leads nowhere.
import { fileURLToPath } from 'node:url'
import { Application, ReflectionKind } from 'typedoc'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
const root = fileURLToPath(new URL('..', import.meta.url))
const isCheck = process.argv.includes('--check')

const app = await Application.bootstrap({
  name: 'Kith',
  entryPoints: [`${root}packages/sdk/src/index.ts`],
  tsconfig: `${root}packages/sdk/tsconfig.json`,
  readme: 'none',
  disableSources: true,
  excludePrivate: true,
  // The platform's own types: their documentation is MDN's.
  externalPattern: ['**/node_modules/typescript/**', '**/node_modules/@types/**'],
  excludeExternals: true,
  logLevel: 'Warn',
  validation: { notDocumented: true, notExported: true, invalidLink: true, rewrittenLink: true },
  packagesRequiringDocumentation: ['@kith/sdk', '@kith/protocol'],
  requiredToBeDocumented: [
    'Function',
    'Class',
    'Interface',
    'TypeAlias',
    'Variable',
    'Constructor',
    'Property',
    'Method',
    'Accessor',
  ],
  // The bound of a type parameter, which readers do not name.
  intentionallyNotExported: ['ByteDuplex'],
})
const project = await app.convert()
if (project === undefined) process.exit(1)

/** Members of a type that is written in place, `{ sent: number }`, but for those of parameters, which typedoc leaves out by itself. */
function isInPlace(reflection) {
  const above = []
  for (let one = reflection.parent; one !== undefined; one = one.parent) above.push(one)
  const isMember = reflection.kindOf(ReflectionKind.Property) || above[0]?.kindOf(ReflectionKind.Method)
  const has = (kind) => above.some((one) => one.kindOf(kind))
  return isMember && has(ReflectionKind.TypeLiteral) && !has(ReflectionKind.Parameter) && !reflection.hasComment()
}

// The comment of what has such a type describes its members.
app.options.setValue(
  'intentionallyNotDocumented',
  project
    .getReflectionsByKind(ReflectionKind.Property | ReflectionKind.CallSignature)
    .filter(isInPlace)
    .map((one) => one.getFriendlyFullName()),
)
app.validate(project)
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)
if (!isCheck) {
  await app.generateDocs(project, `${root}dist/docs`)
  console.log('dist/docs/index.html')
}

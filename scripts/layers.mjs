// Who may ask whom. The house has floors, so that any room can be read, tested and replaced knowing only what is below it; an
// import upwards or sideways is how that is lost, one convenient line at a time. Tests may look anywhere.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Floors of packages/protocol/src: a file imports lower floors and its own room. index.ts stands on the roof. */
const FLOORS = [
  ['machine.ts', 'errors.ts', 'limits.ts', 'token-bucket.ts'],
  ['bytes'],
  ['identity', 'noise'],
  ['rendezvous', 'relay', 'dial', 'mux'],
  ['index.ts'],
]

/** Between packages: by name, from the public door only. */
const PACKAGES = {
  'packages/protocol': [],
  'packages/sdk': ['@kith/protocol'],
  'packages/sim': ['@kith/protocol'],
  // Its suites are written against what adapters implement, which is behind the public door; sources only.
  'packages/compliance': ['@kith/protocol', '@kith/sdk/parts'],
  'signaling-relay': ['@kith/protocol'],
  'demo-app': ['@kith/sdk'],
  // It opens pages; the types are those of what a page puts on its window.
  e2e: ['@kith/sdk'],
  // An attacker made of the parts that an honest peer is made of: for tests alone, which look anywhere, and so may it.
  'packages/test-kit': ['@kith/protocol', '@kith/sdk', '@kith/sdk/parts'],
}

/** Imports whatever it is made of, by its path. Only tests import it. */
const LOOKS_ANYWHERE = ['packages/test-kit']

/** What the end-to-end tests share with the scripts. */
const E2E_MAY_USE = ['../scripts/browsers.mjs', '../scripts/readme-blocks.mjs']

/** Rooms of packages/sdk/src that others must not be needed by. */
const SDK_ROOMS = {
  rtc: [],
  carriers: ['api.ts', 'driver.ts', 'environment.ts', 'page-wake.ts', 'slices.ts'],
  storage: ['events.ts', 'environment.ts'],
  link: ['rtc', 'events.ts', 'api.ts', 'abort.ts', 'slices.ts'],
}

const problems = []

for (const file of sources(join(root, 'packages/protocol/src'))) {
  const from = room(file, 'packages/protocol/src')
  for (const specifier of imports(file)) {
    if (specifier.startsWith('@kith/'))
      problems.push(`${show(file)} imports ${specifier}: protocol depends on no package of ours`)
    if (!specifier.startsWith('.')) continue
    const to = room(normalize(join(dirname(file), specifier)), 'packages/protocol/src')
    if (to === from) continue
    if (floor(to) > floor(from)) problems.push(`${show(file)} imports upwards: ${specifier}`)
    // On the ground, and between the two rooms of floor 2 that make keys and use them, siblings know each other.
    else if (floor(to) === floor(from) && floor(from) === 3) problems.push(`${show(file)} imports sideways: ${specifier}`)
  }
}

for (const [name, allowed] of Object.entries(PACKAGES)) {
  const folder = name === 'e2e' ? join(root, name) : join(root, name, 'src')
  for (const file of sources(folder)) {
    for (const specifier of imports(file)) {
      if (specifier.startsWith('@kith/') && !allowed.includes(specifier)) problems.push(`${show(file)} imports ${specifier}`)
      if (!specifier.startsWith('.') || LOOKS_ANYWHERE.includes(name)) continue
      const target = relative(folder, normalize(join(dirname(file), specifier)))
      if (target.startsWith('..') && !(name === 'e2e' && E2E_MAY_USE.includes(target)))
        problems.push(`${show(file)} reaches out of its package: ${specifier}`)
    }
  }
}

for (const [name, allowed] of Object.entries(SDK_ROOMS)) {
  for (const file of sources(join(root, 'packages/sdk/src', name))) {
    for (const specifier of imports(file)) {
      if (!specifier.startsWith('.')) continue
      const to = room(normalize(join(dirname(file), specifier)), 'packages/sdk/src')
      if (to !== name && !allowed.includes(to))
        problems.push(`${show(file)} imports ${specifier}: ${name}/ knows only ${allowed.join(', ') || 'itself'}`)
    }
  }
}

for (const problem of problems) console.error(problem)
process.exit(problems.length === 0 ? 0 : 1)

function floor(name) {
  const index = FLOORS.findIndex((rooms) => rooms.includes(name))
  if (index < 0) throw new Error(`${name} is on no floor: give it one in scripts/layers.mjs`)
  return index
}

function room(path, base) {
  return relative(join(root, base), path).split(sep)[0]
}

function show(file) {
  return relative(root, file)
}

function sources(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => /\.tsx?$/.test(name) && !/\.(test|fuzz|test-kit)\.tsx?$|\.browser\.test\.ts$|mutate\.ts$/.test(name))
}

function imports(file) {
  const text = readFileSync(file, 'utf8')
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3])
}

// Who may import whom. The rooms and floors are those of the picture in ARCHITECTURE.md: a file imports its own room and lower
// floors; rooms that share a floor do not import each other. No files import each other in a circle, types included. Tests may
// import anything.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packages that may be imported by name, through their public doors. */
const PACKAGES = {
  'packages/protocol': [],
  'packages/sdk': ['@kith/protocol'],
  'packages/sim': ['@kith/protocol'],
  // Its suites are written against what adapters implement, which is behind the public door.
  'packages/compliance': ['@kith/protocol', '@kith/sdk/parts'],
  'signaling-relay': ['@kith/protocol'],
  'demo-app': ['@kith/sdk'],
  // Types of what a page puts on its window.
  e2e: ['@kith/sdk'],
  // An attacker made of the parts of an honest peer. Only tests import it.
  'packages/test-kit': ['@kith/protocol', '@kith/sdk', '@kith/sdk/parts'],
}

/** Imports inner parts of other packages by path. */
const LOOKS_ANYWHERE = ['packages/test-kit']

/** Files of other folders, by their path from the package's own: what the end-to-end tests share with the scripts, and the one source of
 *  randomness and of virtual time. */
const MAY_USE = {
  e2e: ['../scripts/browsers.mjs', '../scripts/readme-blocks.mjs'],
  'packages/sim': ['../../test-kit/src/random.ts', '../../test-kit/src/clock.ts'],
  'packages/compliance': ['../../test-kit/src/random.ts'],
}

const problems = []
const floors = floorsOf(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))

for (const [name, allowed] of Object.entries(PACKAGES)) {
  const folder = name === 'e2e' ? join(root, name) : join(root, name, 'src')
  const graph = new Map(sources(folder).map((file) => [file, imports(file)]))
  for (const [file, specifiers] of graph) {
    for (const specifier of specifiers) {
      if (specifier.startsWith('@kith/') && !allowed.includes(specifier)) problems.push(`${show(file)} imports ${specifier}`)
      if (!specifier.startsWith('.') || LOOKS_ANYWHERE.includes(name)) continue
      const target = relative(folder, normalize(join(dirname(file), specifier)))
      if (target.startsWith('..') && !MAY_USE[name]?.includes(target))
        problems.push(`${show(file)} reaches out of its package: ${specifier}`)
    }
  }
  for (const circle of circlesOf(graph)) problems.push(`a circle of imports: ${circle.map(show).join(' → ')}`)
  const picture = floors.get(name)
  if (picture) checkFloors(folder, graph, picture)
}

for (const problem of problems) console.error(problem)
process.exit(problems.length === 0 ? 0 : 1)

/**
 * Of each package, which floor a room is on. The picture is an indented block: a package's folder, then its floors, the highest
 * first, each a line of rooms (folders or files of its src).
 */
function floorsOf(text) {
  const picture = /## Floors\n[\s\S]*?\n\n((?: {4}.*\n)+)/.exec(text)?.[1]
  if (picture === undefined) throw new Error('ARCHITECTURE.md has no picture under "Floors"')
  const packages = new Map()
  let rooms
  for (const line of picture.split('\n').map((line) => line.slice(4))) {
    if (line === '') continue
    if (!line.startsWith(' ')) {
      rooms = new Map()
      packages.set(line, rooms)
      continue
    }
    // The first is the highest.
    const floor = -new Set(rooms.values()).size
    for (const room of line.trim().split(/\s+/)) rooms.set(room, floor)
  }
  return packages
}

function checkFloors(folder, graph, rooms) {
  const floorOf = (room, file) => {
    const floor = rooms.get(room)
    if (floor === undefined) problems.push(`${show(file)}: ${room} is on no floor of the picture in ARCHITECTURE.md`)
    return floor
  }
  const roomOf = (file) => relative(folder, file).split(sep)[0]
  for (const [file, specifiers] of graph) {
    const from = roomOf(file)
    const floor = floorOf(from, file)
    for (const specifier of specifiers.filter((specifier) => specifier.startsWith('.'))) {
      const to = roomOf(normalize(join(dirname(file), specifier)))
      if (to === from || to === '..') continue
      const below = floorOf(to, file)
      if (below === undefined || floor === undefined || below < floor) continue
      problems.push(`${show(file)} imports ${below === floor ? 'a room beside its own' : 'upward'}: ${specifier}`)
    }
  }
  const there = new Set([...graph.keys()].map(roomOf))
  for (const room of rooms.keys()) if (!there.has(room)) problems.push(`${show(folder)} has no ${room}, which the picture has`)
}

/** Each a path of files, of which the last imports the first. One for each group that is connected both ways. */
function circlesOf(graph) {
  const circles = []
  const done = new Set()
  const path = []
  const visit = (file) => {
    if (path.includes(file)) circles.push(path.slice(path.indexOf(file)))
    if (done.has(file)) return
    done.add(file)
    path.push(file)
    for (const specifier of graph.get(file) ?? []) {
      const target = normalize(join(dirname(file), specifier))
      if (specifier.startsWith('.') && graph.has(target)) visit(target)
    }
    path.pop()
  }
  for (const file of graph.keys()) visit(file)
  return circles
}

function show(file) {
  return relative(root, file)
}

function sources(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => /\.tsx?$/.test(name) && !/\.(test|fuzz|test-kit|testing)\.tsx?$|node_modules/.test(name))
}

function imports(file) {
  const text = readFileSync(file, 'utf8')
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3])
}

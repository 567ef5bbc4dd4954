// `npm run bench -- link|distance|beside|connect|in-flight|size|soak|plots`: Kith beside a raw RTCPeerConnection and its peers,
// interleaved in one run. See README.md.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ensureInstalled } from '../../scripts/install.mjs'

ensureInstalled()
const { BUNDLED, build } = await import('./build.mjs')
const { IN_FLIGHT_CONTENDERS } = await import('./in-flight.mjs')
const { asFile } = await import('./json.mjs')
const { BESIDE_POINTS, EVERY_POINT, parsePoints } = await import('./network/points.mjs')
const { isInside, namespaceObstacle, runInside } = await import('./network/namespace.mjs')

const ROUNDS = { connect: 15, link: 15, 'in-flight': 3 }
const USAGE = `Usage: npm run bench -- plots
       npm run bench -- in-flight [--json FILE] [--rounds N]
       npm run bench -- link|connect|size [--json FILE] [--rounds N] [--contenders ${['raw', 'kith', ...BUNDLED].join()}]
       [--measures a,b] [--other NAME=DIST/index.js]
       link only: [--delay-ms N] [--rate-mbit R] [--loss PERCENT]  between two network namespaces, in each direction:
         N milliseconds one way, so that a round trip takes 2 N; R Mbit/s, 0 for no limit; PERCENT of the packets lost
       npm run bench -- distance|beside [--points 20/5/0,100/*/*] [--rounds N] [--json FILE] [--contenders raw,kith]
         [--other NAME=DIST/index.js]  points: round trip in ms (there and back)/Mbit/s or none/percent lost each way
       npm run bench -- soak [--streams N] [--mib N] [--json FILE]`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    rounds: { type: 'string' },
    contenders: { type: 'string' },
    measures: { type: 'string' },
    'delay-ms': { type: 'string' },
    'rate-mbit': { type: 'string' },
    loss: { type: 'string' },
    points: { type: 'string' },
    other: { type: 'string', multiple: true, default: [] },
    streams: { type: 'string', default: '100000' },
    mib: { type: 'string', default: '1024' },
  },
})
const bench = positionals[0]
/** Other builds of the SDK, each by a name. */
const others = new Map(values.other.map((other) => other.split('=')))
/** Walks over paths of several kinds: only what has streams that share a connection. */
const isWalk = bench === 'distance' || bench === 'beside'
const points = parsePoints(values.points ?? (bench === 'beside' ? BESIDE_POINTS : EVERY_POINT))
const known = bench === 'in-flight' ? IN_FLIGHT_CONTENDERS : ['raw', 'kith', ...(isWalk ? [] : BUNDLED), ...others.keys()]
const names = values.contenders?.split(',') ?? known
const rounds = Number(values.rounds ?? ROUNDS[bench] ?? 1)
const [streams, mib] = [Number(values.streams), Number(values.mib)]
const measures = values.measures?.split(',')
const isPercent = (number) => number >= 0 && number < 100
const path =
  values['delay-ms'] === undefined && values['rate-mbit'] === undefined && values.loss === undefined
    ? undefined
    : {
        delayMs: Number(values['delay-ms'] ?? 0),
        rateMbit: Number(values['rate-mbit'] ?? 0),
        lossPercent: Number(values.loss ?? 0),
      }
const isPath = path === undefined || (bench === 'link' && path.delayMs >= 0 && path.rateMbit >= 0 && isPercent(path.lossPercent))
const isCount = (number) => Number.isInteger(number) && number >= 1
const isBench = ['link', 'distance', 'beside', 'connect', 'in-flight', 'size', 'soak', 'plots'].includes(bench)
if (
  !isBench ||
  ![rounds, streams, mib].every(isCount) ||
  !names.every((name) => known.includes(name)) ||
  !isPath ||
  points === undefined
) {
  console.error(USAGE)
  process.exit(2)
}

if (bench === 'size') {
  const { size } = await import('./size.mjs')
  const report = await size()
  process.stdout.write(`\n${asFile(report)}`)
  finish(report)
} else if (bench === 'plots') {
  const { plots } = await import('./plots.mjs')
  process.exit(plots() ? 0 : 1)
} else if (isInside()) {
  await run(undefined)
} else {
  const { ensureBrowsers } = await import('../../scripts/browsers.mjs')
  ensureBrowsers(['chromium'])
  await build(bench === 'soak' ? [] : names)
  const obstacle = namespaceObstacle()
  if (obstacle === undefined) runInside()
  else if (path === undefined && !isWalk) await run(obstacle)
  else {
    console.error(`A path needs network namespaces: ${obstacle}`)
    process.exit(1)
  }
}

/** @param {string | undefined} obstacle why the network is not one of our own */
async function run(obstacle) {
  if (bench === 'soak') {
    const { soak } = await import('./soak.mjs')
    const report = await soak({ streams, mib, obstacle })
    finish(report)
    console.log(report.isFlat ? 'memory is flat' : 'MEMORY GROWS')
    process.exit(report.isFlat ? 0 : 1)
  }
  if (isWalk) {
    const { distance } = await import('./distance.mjs')
    const { beside } = await import('./beside.mjs')
    finish(await (bench === 'distance' ? distance : beside)({ points, names, others, rounds }))
    process.exit(0)
  }
  const { measure } = await import('./measure.mjs')
  const { print } = await import('./report.mjs')
  const report = await measure({ bench, names, others, rounds, measures, path, obstacle })
  print(report)
  finish(report)
  // What libp2p has started does not all end with it.
  process.exit(0)
}

function finish(report) {
  if (values.json) writeFileSync(values.json, asFile(report))
}

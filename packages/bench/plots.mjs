// `npm run bench -- plots`: the figures in figures/, each beside the JSON that it was made of.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { here } from './build.mjs'
import { asFile } from './json.mjs'
import { growth } from './plot/growth.mjs'
import { inFlight } from './plot/in-flight.mjs'
import { loadedLatency } from './plot/loaded-latency.mjs'
import { versionOf } from './report.mjs'

/** Measured: each figure, the JSON that it needs, and the command that makes that. */
const MEASURED = [
  { name: 'in-flight', draw: inFlight, json: 'in-flight.json', command: 'in-flight' },
  { name: 'loaded-latency', draw: loadedLatency, json: 'link.json', command: 'link' },
]

/** @returns {boolean} whether all figures were made; what lacks is said on stderr */
export function plots() {
  writeFileSync(figures('growth.json'), asFile(simulated()))
  draw('growth', growth, 'growth.json')
  const missing = MEASURED.filter(({ json }) => !existsSync(figures(json)))
  for (const { name, draw: drawn, json } of MEASURED) if (existsSync(figures(json))) draw(name, drawn, json)
  for (const { name, json, command } of missing) {
    console.error(`no ${name}.svg: first npm run bench -- ${command} --json packages/bench/figures/${json}`)
  }
  return missing.length === 0
}

const figures = (file) => here(`figures/${file}`)

function draw(name, drawn, json) {
  writeFileSync(figures(`${name}.svg`), drawn(JSON.parse(readFileSync(figures(json), 'utf8'))))
  console.log(`packages/bench/figures/${name}.svg`)
}

function simulated() {
  const program = [here('../../scripts/run-ts.mjs'), here('../sim/src/cli.ts'), 'growth']
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8', maxBuffer: 2 ** 24 })
  if (status !== 0) throw new Error(`the simulator failed: ${stderr}`)
  return { versions: { kith: versionOf('../sdk') }, ...JSON.parse(stdout) }
}

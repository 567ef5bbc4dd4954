// What a run says at its end.
import { readFileSync } from 'node:fs'
import { here } from './build.mjs'

export function versions(names, browser) {
  const result = { kith: versionOf('../sdk'), chromium: browser.version(), node: process.versions.node }
  for (const name of names) {
    if (['simple-peer', 'peerjs', 'libp2p'].includes(name)) result[name] = versionOf(`../../node_modules/${name}`)
  }
  if (names.includes('libp2p')) result['@libp2p/webrtc'] = versionOf('../../node_modules/@libp2p/webrtc')
  return result
}

/** Of the package in a folder, from here. */
export const versionOf = (folder) => JSON.parse(readFileSync(here(`${folder}/package.json`), 'utf8')).version

export function print({ bench, network, versions, rounds, measures, failures }) {
  console.log(
    `${bench}: medians (least–most) of up to ${rounds} interleaved rounds; ×: median of the ratios to raw within rounds`,
  )
  printVersions(versions)
  console.log(`network: ${network}\n`)
  for (const [measure, { unit, contenders, ratio }] of Object.entries(measures)) {
    console.log(`${measure}${unit && `, ${unit}`}`)
    for (const [name, summary] of Object.entries(contenders)) {
      const times = name in ratio ? `${ratio[name].toFixed(2)}×` : ''
      console.log(`  ${name.padEnd(12)} ${figures(summary).padEnd(34)} ${times}`)
    }
  }
  printFailures(failures)
}

export function printVersions(versions) {
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  )
}

export function printFailures(failures) {
  for (const [group, counts] of Object.entries(failures)) {
    for (const [name, count] of Object.entries(counts)) console.log(`${group}: ${name} failed ${count} times`)
  }
}

/** A table that is printed row by row, as they come. */
export class Rows {
  #widths

  constructor(headings) {
    this.#widths = headings.map((heading) => Math.max(heading.length, 8))
    this.print(headings)
  }

  print(cells) {
    console.log(
      cells
        .map((cell, at) => cell.padEnd(this.#widths[at]))
        .join(' | ')
        .trimEnd(),
    )
  }
}

function figures(summary) {
  if (summary === null) return '–'
  const { median, min, max } = summary
  return min === undefined ? shown(median) : `${shown(median)} (${shown(min)}–${shown(max)})`
}

const shown = (value) => (Math.abs(value) >= 1000 ? value.toFixed(0) : value.toFixed(Math.abs(value) < 0.1 ? 4 : 2))

/**
 * When and with what a report was made; a line of it for who else took part, where there are any. Rounds: those in which `measure` was
 * taken, since some are not taken in all.
 */
export function about({ date, versions, network, measures }, measure) {
  const rounds = Math.max(...Object.values(measures[measure].contenders).map((summary) => summary?.rounds ?? 0))
  const { kith, chromium, node, ...peers } = versions
  const others = Object.entries(peers).map(([name, version]) => `${name} ${version}`)
  return [
    `${date.slice(0, 10)}, ${rounds} interleaved ${rounds === 1 ? 'round' : 'rounds'}; Kith ${kith}, Chromium ${chromium}, Node ${node}; network: ${network}.`,
    ...(others.length > 0 ? [`${others.join(', ')}.`] : []),
  ]
}

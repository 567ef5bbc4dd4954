/** The middle value; between the two middle ones where their number is even. */
export function median(values) {
  return quantile(values, 0.5)
}

/** Linear between the two nearest of the sorted values. */
export function quantile(values, q) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return below + (above - below) * (at - Math.floor(at))
}

const rounded = (value) => Number(value.toPrecision(5))

/**
 * @param {Record<string, number[]>} values by contender, one a round, in the order of the rounds
 * @returns medians, and the ratio of each contender to 'raw': the median of what it was in each round, so that whatever else the
 *   machine did then weighs on both alike
 */
export function summarize(unit, values) {
  const contenders = {}
  const ratio = {}
  for (const [name, own] of Object.entries(values)) {
    contenders[name] = { median: rounded(median(own)), min: rounded(Math.min(...own)), max: rounded(Math.max(...own)) }
    if (name !== 'raw') ratio[name] = rounded(median(own.map((value, round) => value / values.raw[round])))
  }
  return { unit, contenders, ratio }
}

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

/** Every hundredth of a distribution, from the least to the most. */
export function distribution(values) {
  return Array.from({ length: 101 }, (_, hundredth) => rounded(quantile(values, hundredth / 100)))
}

const rounded = (value) => Number(value.toPrecision(5))

/**
 * @param {Record<string, (number | undefined)[]>} values by contender, one a round, in the order of the rounds; undefined: it failed
 * @returns medians, null where there is no value; and the ratio of each contender to 'raw': the median of what it was in each round,
 *   so that whatever else the machine did then weighs on both alike
 */
export function summarize(unit, values) {
  const contenders = {}
  const ratio = {}
  for (const [name, own] of Object.entries(values)) {
    const seen = own.filter((value) => value !== undefined)
    contenders[name] =
      seen.length === 0
        ? null
        : { median: rounded(median(seen)), min: rounded(Math.min(...seen)), max: rounded(Math.max(...seen)), rounds: seen.length }
    const ratios = own.map((value, round) => value / values.raw?.[round]).filter(Number.isFinite)
    if (name !== 'raw' && ratios.length > 0) ratio[name] = rounded(median(ratios))
  }
  return { unit, contenders, ratio }
}

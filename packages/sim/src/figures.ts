/** What a run measured, in virtual time. */

export class Figures {
  readonly #values: Record<string, number> = {}

  /** Four digits are kept: what differs beyond that is no difference. */
  set(name: string, value: number): void {
    this.#values[name] = Number(value.toPrecision(4))
  }

  get values(): Readonly<Record<string, number>> {
    return this.#values
  }
}

/** The least value that at least this part of the values does not exceed (nearest rank); of none, NaN. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}

export interface Summary {
  readonly least: number
  readonly median: number
  readonly most: number
}

export function summarize(values: readonly number[]): Summary {
  return { least: quantile(values, 0), median: quantile(values, 0.5), most: quantile(values, 1) }
}

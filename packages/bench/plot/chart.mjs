// Charts as SVG text, readable in light and in dark: scales, axes, lines and words, and no more than the figures need.

/** Colours by what they stand for; each has its contrast on both grounds. */
const STYLE = `
  svg { color-scheme: light dark; font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif }
  .ground { fill: #fff } text { fill: #1f2328 } .quiet { fill: #59636e }
  .title { font-size: 15px; font-weight: 600 } .label { font-weight: 600; paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round }
  .grid { stroke: #d8dee4 } .axis { stroke: #818b98 } .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .thin { stroke-width: 1 } .dashed { stroke-dasharray: 6 3 } .thread { stroke-width: 1; stroke-dasharray: 1 3 }
  .kith { --ink: #0757c2 } .raw { --ink: #59636e } .first { --ink: #b3410c } .second { --ink: #0a7040 } .third { --ink: #7a35c4 }
  .line, .whisker { stroke: var(--ink) } .dot, .label { fill: var(--ink) }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9da7b3 } .label { stroke: #0d1117 }
    .grid { stroke: #2b323b } .axis { stroke: #6e7781 }
    .kith { --ink: #6cb2ff } .raw { --ink: #a5afba } .first { --ink: #ff9a5c } .second { --ink: #56d391 } .third { --ink: #c8a0ff }
    .line, .whisker { stroke: var(--ink) } .dot, .label { fill: var(--ink) }
  }`

const CAPTION_LINE_PX = 16
const TICK_PX = 4

/**
 * @param {{ width: number, height: number, title: string, caption: string[], body: string[] }} figure px; `height` without the
 *   caption's lines, which stand below
 */
export function figure({ width, height, title, caption, body }) {
  const whole = height + caption.length * CAPTION_LINE_PX + 8
  const lines = caption.map((line, index) => words(line, 16, height + index * CAPTION_LINE_PX, { className: 'quiet' }))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
<rect class="ground" width="${width}" height="${whole}"/>
${[words(title, 16, 26, { className: 'title' }), ...body, ...lines].join('\n')}
</svg>
`
}

/** From values to px, equal differences or equal factors being equally long. */
export function scale({ from, to, isLog = false }, fromPx, toPx) {
  const at = isLog ? Math.log : (value) => value
  return (value) => fromPx + ((at(value) - at(from)) / (at(to) - at(from))) * (toPx - fromPx)
}

/**
 * A plane with axes. An axis is `{ from, to, isLog?, ticks: number[], shown: (tick) => string, name? }`.
 * @returns {{ x: (value: number) => number, y: (value: number) => number, axes: string }} scales, and what is to be drawn first
 */
export function plane({ left, top, width, height, xAxis, yAxis }) {
  const [right, bottom] = [left + width, top + height]
  const x = scale(xAxis, left, right)
  const y = scale(yAxis, bottom, top)
  const drawn = [`<path class="axis" fill="none" d="M${left} ${top}V${bottom}H${right}"/>`]
  for (const tick of xAxis.ticks) {
    drawn.push(`<path class="grid" d="M${px(x(tick))} ${top}V${bottom}"/>`)
    drawn.push(words(xAxis.shown(tick), x(tick), bottom + 12 + TICK_PX, { className: 'quiet', anchor: 'middle' }))
  }
  for (const tick of yAxis.ticks) {
    drawn.push(`<path class="grid" d="M${left} ${px(y(tick))}H${right}"/>`)
    drawn.push(words(yAxis.shown(tick), left - 6, y(tick) + TICK_PX, { className: 'quiet', anchor: 'end' }))
  }
  if (xAxis.name) drawn.push(words(xAxis.name, (left + right) / 2, bottom + 34, { anchor: 'middle' }))
  if (yAxis.name) drawn.push(words(yAxis.name, left, top - 10, {}))
  return { x, y, axes: drawn.join('\n') }
}

/** @param {[number, number][]} points px */
export function line(points, className) {
  return `<path class="line ${className}" d="M${points.map(([x, y]) => `${px(x)} ${px(y)}`).join('L')}"/>`
}

/** A point, with how far its values went to either side. */
export function dot({ x, y, from, to }, className) {
  const reach = `<path class="whisker" d="M${px(from)} ${px(y)}H${px(to)}"/>`
  return `<g class="${className}">${reach}<circle class="dot" cx="${px(x)}" cy="${px(y)}" r="5"/></g>`
}

export function words(text, x, y, { className = '', anchor = 'start' }) {
  return `<text x="${px(x)}" y="${px(y)}" class="${className}" text-anchor="${anchor}">${escaped(text)}</text>`
}

/** Sorted places for labels, each at least `apart` from the last and as near as that lets it to where it would be. */
export function spread(places, apart) {
  const sorted = [...places].sort((a, b) => a.y - b.y)
  for (const [index, place] of sorted.entries()) {
    const before = sorted[index - 1]
    if (before !== undefined) place.y = Math.max(place.y, before.y + apart)
  }
  return sorted
}

const px = (value) => Number(value.toFixed(1))
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

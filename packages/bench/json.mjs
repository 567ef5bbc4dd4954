/** A report as a file: readable, with each list of numbers on one line. */
export function asFile(report) {
  const text = JSON.stringify(report, null, 2)
  return `${text.replace(/\[[^[\]{}"]*\]/g, (list) => list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'))}\n`
}

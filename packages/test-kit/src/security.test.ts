/** That SECURITY.md names tests that there are, and one for each thing that it says an attacker cannot do. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)
const security = readFileSync(new URL('SECURITY.md', root), 'utf8')
const tests = ['packages', 'signaling-relay', 'demo-app', 'e2e']
  .flatMap((folder) => readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }))
  .filter((path) => !path.includes('node_modules'))
  .map((path) => basename(path))

const NAMED = /[\w-]+(?:\.browser)?\.(?:test|spec)\.ts/g

/** Cells of the rows of the table under a heading. */
function tableUnder(heading: string): string[][] {
  const section = security.split(/^## /m).find((one) => one.startsWith(heading))
  if (section === undefined) throw new Error(`SECURITY.md has no '${heading}'`)
  const rows = section.split('\n').filter((line) => line.startsWith('| '))
  return rows.slice(1).map((row) =>
    row
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.replaceAll('|', '').trim()),
  )
}

test('every test that is named is there', () => {
  const named = new Set(security.match(NAMED))
  expect(named.size).toBeGreaterThan(20)
  for (const name of named) expect(tests, `${name} is named in SECURITY.md`).toContain(name)
})

test('each line of the tables has a test that holds it', () => {
  const held = tableUnder('What is tested')
  for (const [what = '', by = ''] of held) expect(by.match(NAMED), `tests of '${what}'`).not.toBeNull()
  const names = held.map(([what = '']) => what)
  for (const [attacker = '', , cannot = ''] of tableUnder('Who can do what')) {
    if (cannot === '') continue
    const bold = /\*\*(.+?)\*\*/.exec(attacker)?.[1] ?? attacker
    expect(names, 'what this one cannot do').toContain(bold)
  }
})

/**
 * The SDK and the relay as their users get them: packed, installed in an empty folder outside the repository, and used from there by what
 * people use. See consumers/README.md.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Page } from '@playwright/test'
import { readmeBlocks } from '../scripts/readme-blocks.mjs'
import { expect, test } from './fixtures.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CONSUMERS = fileURLToPath(new URL('consumers', import.meta.url))
const PACKAGES = ['sdk', 'relay'] as const
const COMPILERS = ['5.2', '5.5', '5.9', '6.0'] as const
const RESOLUTIONS = { bundler: 'ESNext', node16: 'Node16' } as const
/** Installing and bundling, where a busy machine and a registry take their time. */
const SLOW_MS = 300_000

const run = promisify(execFile)

let folder: string
/** By the package's name: its tarball, and the paths in it. */
const packed = new Map<string, { tarball: string; files: string[] }>()

// One after the other in one worker, so that all is installed once.
test.describe.configure({ mode: 'default' })

test.beforeAll(async () => {
  test.setTimeout(SLOW_MS)
  folder = await realpath(await mkdtemp(join(tmpdir(), 'kith-consumers-')))
  await cp(CONSUMERS, folder, { recursive: true, filter: (path) => !path.includes('node_modules') })
  for (const name of PACKAGES) {
    const { stdout } = await npm(ROOT, 'pack', '--json', '--silent', '--pack-destination', folder, '-w', `@kith/${name}`)
    const [pack] = Object.values(JSON.parse(stdout)) as { filename: string; files: { path: string }[] }[]
    if (pack === undefined) throw new Error(`npm pack made nothing of @kith/${name}`)
    packed.set(name, { tarball: join(folder, pack.filename), files: pack.files.map(({ path }) => path) })
  }
  const tarballs = [...packed.values()].map(({ tarball }) => tarball)
  try {
    await npm(folder, 'ci', '--prefer-offline')
    await npm(folder, 'install', '--no-save', '--prefer-offline', ...tarballs)
  } catch (error) {
    throw new Error('The tools in e2e/consumers/package-lock.json could not be installed: npm needs a registry or its cache.', {
      cause: error,
    })
  }
})

test.afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

/** Without NODE_ENV: a build in this process may have set it to 'production', with which npm leaves out the tools. */
const { NODE_ENV: _, ...ENVIRONMENT } = process.env

function npm(cwd: string, ...args: string[]) {
  return run('npm', args, { cwd, env: ENVIRONMENT, maxBuffer: 64 * 1024 * 1024 })
}

/** A command of what is installed there. Rejects with all that it said, unless it exits with 0. */
async function command(name: string, ...args: string[]): Promise<string> {
  try {
    return (await run(join(folder, 'node_modules/.bin', name), args, { cwd: folder, env: ENVIRONMENT })).stdout
  } catch (error) {
    throw saidBy(name, error)
  }
}

/** Resolves with what the program printed; it must not warn. */
async function node(...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(process.execPath, args, { cwd: folder, env: ENVIRONMENT, timeout: 120_000 })
    expect(stderr).toBe('')
    return stdout
  } catch (error) {
    throw saidBy(args.join(' '), error)
  }
}

function saidBy(name: string, error: unknown): Error {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
  return new Error(`${name} failed:\n${stdout}${stderr}`, { cause: error })
}

/** A server of what is installed there. */
class Started implements AsyncDisposable {
  readonly port: number
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, port: number) {
    this.#process = process
    this.port = port
  }

  /** Resolves once it has printed its address. */
  static async start(name: string, ...args: string[]): Promise<Started> {
    const child = spawn(join(folder, 'node_modules/.bin', name), args, { cwd: folder, env: { ...ENVIRONMENT, NO_COLOR: '1' } })
    const port = await new Promise<number>((resolve, reject) => {
      let said = ''
      const hear = (text: string) => {
        said += text
        const port = /http:\/\/localhost:(\d+)/.exec(said)?.[1]
        if (port) resolve(Number(port))
      }
      child.stdout.setEncoding('utf8').on('data', hear)
      child.stderr.setEncoding('utf8').on('data', hear)
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready:\n${said}`)))
    })
    return new Started(child, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await gone
  }
}

for (const name of PACKAGES) {
  test(`@kith/${name}: the pack holds all that its package.json names, with README and LICENSE`, async () => {
    const files = packed.get(name)?.files ?? []
    const place = join(folder, 'node_modules/@kith', name)
    // What was packed is what is installed: not a link into this repository.
    expect(await realpath(place)).toBe(place)
    const { main, module, types, unpkg, jsdelivr, bin, exports, license, engines } = JSON.parse(
      await readFile(join(place, 'package.json'), 'utf8'),
    )
    const named = leaves([main, module, types, unpkg, jsdelivr, bin, exports]).map((path) => path.replace(/^\.\//, ''))
    expect(named.length).toBeGreaterThan(5)
    expect(files).toEqual(expect.arrayContaining([...new Set(named), 'README.md', 'LICENSE']))
    expect(files.filter((path) => !/^(dist\/|README\.md$|LICENSE$|package\.json$)/.test(path))).toEqual([])
    expect({ license, node: engines.node }).toEqual({ license: 'MIT', node: '>=20.19' })
  })

  test(`@kith/${name}: publint and attw find nothing`, async () => {
    const tarball = packed.get(name)?.tarball ?? ''
    expect(await command('publint', 'run', tarball, '--strict')).toContain('All good!')
    expect(await command('attw', tarball)).toContain('No problems found')
  })
}

/** All strings in a tree of objects and arrays. */
function leaves(tree: unknown): string[] {
  if (typeof tree === 'string') return [tree]
  return typeof tree === 'object' && tree !== null ? Object.values(tree).flatMap(leaves) : []
}

for (const version of COMPILERS) {
  test(`TypeScript ${version} reads the types, as a bundler's and as Node's`, async () => {
    for (const [moduleResolution, module] of Object.entries(RESOLUTIONS)) {
      const config = join(folder, `tsconfig-${version}-${moduleResolution}.json`)
      const compilerOptions = {
        target: 'ES2022',
        lib: ['ES2022', 'DOM'],
        types: [],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        noEmit: true,
        module,
        moduleResolution,
      }
      // A page's script with the global is nothing for Node.
      const include = ['types/*.mts', 'types/*.cts', ...(moduleResolution === 'bundler' ? ['types/script-tag.ts'] : [])]
      await writeFile(config, JSON.stringify({ compilerOptions, include }))
      await node(join('node_modules', `typescript-${version}`, 'lib/tsc.js'), '-p', config)
    }
  })
}

test('Node: import and require', async () => {
  expect(await node('node/import.mjs')).toBe('works\n')
  expect(await node('node/require.cjs')).toBe('works\n')
})

test('pages by Vite with React in StrictMode, by esbuild and by webpack talk through the packed relay', async ({
  newBrowser,
}) => {
  test.setTimeout(SLOW_MS)
  const site = join(folder, 'site')
  await mkdir(site)
  for (const name of ['esbuild', 'webpack']) await cp(join(folder, `pages/${name}.html`), join(site, `${name}.html`))
  await command('esbuild', 'pages/esbuild.js', '--bundle', `--outfile=${join(site, 'esbuild.js')}`)
  const webpack = ['--mode', 'production', '--entry', './pages/webpack.cjs', '--output-path', site]
  await command('webpack', ...webpack, '--output-filename', 'webpack.js', '--no-performance')
  await command('vite', 'build', 'react', '--outDir', join(site, 'react'), '--base', './')

  await using relay = await Started.start('kith-relay', '--port', '0', '--static', site)
  expect((await fetch(`http://localhost:${relay.port}/healthz`)).status).toBe(200)
  const config = readmeBlocks().find(({ heading, language }) => heading === 'Install' && language === 'js')?.code ?? ''
  expect(config).toContain('8787')
  // The project's own plugin, and this relay's port, in README.md's configuration.
  await writeFile(
    join(folder, 'react/vite.config.js'),
    `import react from '@vitejs/plugin-react'\n${config.replace('8787', String(relay.port)).replace('{', '{ plugins: [react()],')}`,
  )
  await using vite = await Started.start('vite', 'react', '--port', '0')

  const react = `http://localhost:${vite.port}/`
  const built = (name: string) => `http://localhost:${relay.port}/${name}`
  const open = async (url: string) => {
    const page = await (await newBrowser()).newPage()
    await page.goto(url)
    return page
  }
  const host = await open(react)
  const [esbuild, webpack5] = [await open(built('esbuild.html') + (await linkOf(host)).hash), await open(built('webpack.html'))]
  await expectTalk(host, 'react', esbuild, 'esbuild')
  // Both runs of the effect: the first peer was closed, and the second one is who is met.
  await expect(host.getByText('effect', { exact: true })).toHaveCount(2)

  const production = await open(built('react/index.html') + (await linkOf(webpack5)).hash)
  await expectTalk(webpack5, 'webpack', production, 'react')
  await expect(production.getByText('effect', { exact: true })).toHaveCount(1)

  // The guest may be who is made twice.
  const guest = await open(react + (await linkOf(esbuild)).hash)
  await expectTalk(esbuild, 'esbuild', guest, 'react')
  await expect(guest.getByText('effect', { exact: true })).toHaveCount(2)

  for (const page of [host, esbuild, webpack5, production, guest]) await expect(page.getByText(/^failed/)).toHaveCount(0)
})

/** The invitation that a page has printed. */
async function linkOf(page: Page): Promise<URL> {
  return new URL((await page.getByText('#kith-invite=').last().textContent()) ?? '')
}

async function expectTalk(host: Page, hostName: string, guest: Page, guestName: string): Promise<void> {
  await expect(host.getByText(`${hostName} heard: hello from ${guestName}`)).toBeVisible()
  await expect(guest.getByText(`${guestName} heard: ${hostName} says hello too`)).toBeVisible()
}

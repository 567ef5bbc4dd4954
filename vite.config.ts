/// <reference types="vitest/config" />
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { minify } from 'terser'
import { defineConfig, type Plugin, type UserConfig } from 'vite'
import { simplePeerStandIns } from './packages/sdk/src/path/webrtc/stand-ins/resolve.ts'
import { chromium, firefox } from './scripts/browsers.mjs'
import { unusedMethods } from './scripts/unused-methods.ts'
import { withoutWords } from './scripts/without-words.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
/** Inside the repository the SDK is its source, and its inner door is open too: what is published has neither. */
const alias = [
  { find: /^@kith\/sdk$/, replacement: at('packages/sdk/src/index.ts') },
  { find: /^@kith\/sdk\/parts$/, replacement: at('packages/sdk/src/parts.ts') },
]

/** The demo: `vite` serves it for development, `vite build` makes `demo-app/dist`. */
const demo: UserConfig = {
  root: at('demo-app'),
  resolve: { alias },
  plugins: [simplePeerStandIns(), unusedMethods()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022' },
  server: { proxy: { '/relay': { target: 'ws://localhost:8787', ws: true } } },
}

/** What all builds of the SDK have in common. */
const sdkBuild = {
  outDir: 'dist',
  emptyOutDir: false,
  target: 'es2022',
  minify: false,
} as const

/**
 * Modules stand in the order in which they are first imported, and gzip finds again only what was within 32 KiB: libraries that
 * resemble each other side by side, and ours after them, rather than each where ours first needs it. 0.9 KiB gzip of the script tag, 0.8
 * of the ES module, where what is loaded late stays late.
 */
const librariesFirst: Plugin = {
  name: 'kith:libraries-first',
  transform(code, id) {
    const entry = /\/packages\/sdk\/src\/(global|index)\.ts$/.exec(id.replaceAll('\\', '/'))?.[1]
    if (entry === undefined) return null
    const libraries = [
      '@noble/ciphers/chacha.js',
      '@noble/curves/ed25519.js',
      '@noble/hashes/hkdf.js',
      '@scure/base',
      '@msgpack/msgpack',
      'mitt',
      'idb',
      // A bundler keeps the one whatever a page imports, and the other is loaded late.
      ...(entry === 'global' ? ['simple-peer', 'lean-qr/nano'] : []),
      // Ours that resembles idb.
      './storage/open.ts',
    ]
    return { code: `${libraries.map((library) => `import '${library}'`).join('\n')}\n${code}`, map: null }
  },
}

/** Whether a module is loaded with the entry: by imports alone, none of which is an `import()`. */
function isFirst(
  id: string,
  infoOf: (id: string) => { readonly isEntry: boolean; readonly importers: readonly string[] } | null,
) {
  const seen = new Set([id])
  for (const each of seen) {
    const info = infoOf(each)
    if (info?.isEntry) return true
    for (const importer of info?.importers ?? []) seen.add(importer)
  }
  return false
}

/**
 * `--mode sdk`: the ES module. It imports nothing but its own chunks, so that a bundler and a bare `<script type="module">` both work.
 * What it imports late is in chunks of its own, named by their content: a page that was loaded before an update never gets the other half
 * of another build.
 */
const sdk: UserConfig = {
  root: at('packages/sdk'),
  plugins: [simplePeerStandIns(), unusedMethods(), librariesFirst],
  build: {
    ...sdkBuild,
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: () => 'index.js' },
    rolldownOptions: {
      output: {
        chunkFileNames: 'kith-[name]-[hash].js',
        // All that is loaded at first in one chunk, which a late one imports too: two would be 1 KiB gzip more, since gzip finds less again.
        codeSplitting: {
          groups: [
            { debugName: 'shared', name: (id, bundle) => (isFirst(id, (each) => bundle.getModuleInfo(each)) ? 'shared' : null) },
          ],
        },
      },
    },
  },
}

/** For a build in one file: an `import()` of ours is an import, since the bundler would else wrap all that it reaches. 4.5 KiB gzip. */
const nothingLate: Plugin = {
  name: 'kith:nothing-late',
  transform(code, id) {
    if (!id.includes('/packages/sdk/src/')) return null
    const imports: string[] = []
    const text = code.replace(/\bimport\(('[^']+'|"[^"]+")\)/g, (_, path: string) => {
      imports.push(`import * as late${imports.length} from ${path}\n`)
      return `Promise.resolve(late${imports.length - 1})`
    })
    return imports.length === 0 ? null : { code: imports.join('') + text, map: null }
  },
}

/** `--mode sdk-cjs`: the same as CommonJS, which Node 20 cannot make of it by itself. One file: nothing is fetched. */
const sdkCommonJs: UserConfig = {
  ...sdk,
  plugins: [...(sdk.plugins ?? []), nothingLate],
  build: {
    ...sdkBuild,
    lib: { entry: 'src/index.ts', formats: ['cjs'], fileName: () => 'index.cjs' },
  },
}

/** Terser after Vite's own minifier: each finds what the other leaves. 1.2 KiB gzip. */
const minifyAgain: Plugin = {
  name: 'kith:minify-again',
  async generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue
      const { code } = await minify(chunk.code, {
        ecma: 2020,
        compress: { passes: 3, sequences: false, keep_fargs: false, lhs_constants: false },
      })
      if (code === undefined) throw new Error(`${chunk.fileName} came back empty.`)
      chunk.code = code
    }
  },
}

/** `--mode global`: the script-tag build, `window.Kith`. */
const global: UserConfig = {
  ...sdk,
  plugins: [...(sdk.plugins ?? []), nothingLate, withoutWords(), minifyAgain],
  build: {
    ...sdkBuild,
    minify: true,
    lib: { entry: 'src/global.ts', formats: ['iife'], name: 'Kith', fileName: () => 'kith.global.js' },
    // Minifying twice takes seconds, as it should.
    rolldownOptions: { output: { generatedCode: { symbols: false } }, checks: { pluginTimings: false } },
  },
}

/** `--mode relay`: the command-line relay for Node, and the same as a library; `ws` stays a dependency. */
const relay: UserConfig = {
  root: at('signaling-relay'),
  ssr: { noExternal: true, external: ['ws'] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    ssr: true,
    rollupOptions: { input: { cli: at('signaling-relay/src/cli.ts'), index: at('signaling-relay/src/index.ts') } },
  },
}

/** `--mode relay-cjs`: the library as CommonJS. */
const relayCommonJs: UserConfig = {
  ...relay,
  build: {
    ...relay.build,
    emptyOutDir: false,
    rollupOptions: {
      input: { index: at('signaling-relay/src/index.ts') },
      output: { format: 'cjs', entryFileNames: '[name].cjs' },
    },
  },
}

/** Keys and where they lie, the SDP of data channels and of tracks, one dial. The rest of the SDK meets Firefox end to end. */
const IN_FIREFOX = [
  'packages/sdk/src/identity/*.browser.test.ts',
  'packages/sdk/src/path/webrtc/*.browser.test.ts',
  'packages/sdk/src/connection/media/hostile.browser.test.ts',
  'packages/sdk/src/peer.browser.test.ts',
]
const firefoxOptions = firefox()

/** `vitest`: unit, property and simulation tests in Node; what needs a real browser in Chromium, and where they differ in Firefox. */
const test: UserConfig = {
  resolve: { alias },
  plugins: [simplePeerStandIns(), unusedMethods()],
  test: {
    // Vitest leaves one core free, which two cores cannot spare: half of all files wait for timers.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/bench/**/*.test.mjs',
            'signaling-relay/src/**/*.test.ts',
            'demo-app/src/**/*.test.ts',
          ],
          exclude: ['**/*.browser.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['packages/*/src/**/*.browser.test.ts'],
          testTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [
              { browser: 'chromium', provider: playwright({ launchOptions: chromium() }) },
              ...(firefoxOptions === undefined
                ? []
                : [
                    { browser: 'firefox' as const, provider: playwright({ launchOptions: firefoxOptions }), include: IN_FIREFOX },
                  ]),
            ],
          },
        },
      },
    ],
  },
}

export default defineConfig(({ mode }) => {
  switch (mode) {
    case 'sdk':
      return sdk
    case 'sdk-cjs':
      return sdkCommonJs
    case 'global':
      return global
    case 'relay':
      return relay
    case 'relay-cjs':
      return relayCommonJs
    case 'test':
      return test
    default:
      return demo
  }
})

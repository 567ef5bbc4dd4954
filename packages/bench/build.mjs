// Builds what runs in the pages, and the relay, from the sources as they are, into a folder of the bench's own.
import { fileURLToPath } from 'node:url'
import { build as vite } from 'vite'

export const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/** Contenders from npm: each is made one file. */
export const BUNDLED = ['simple-peer', 'peerjs', 'libp2p']

/** @param {string[]} contenders those that will run */
export async function build(contenders) {
  for (const mode of ['sdk', 'relay']) {
    await vite({
      configFile: here('../../vite.config.ts'),
      mode,
      logLevel: 'warn',
      build: { outDir: here(`dist/${mode}`), emptyOutDir: true },
    })
  }
  for (const name of contenders.filter((contender) => BUNDLED.includes(contender))) await vite(bundle(name))
}

/** Vite's configuration for one contender: minified, as one would publish it, without what the page serves by itself. */
export function bundle(name) {
  return {
    configFile: false,
    root: here('.'),
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    build: {
      outDir: here('dist/contenders'),
      emptyOutDir: false,
      target: 'es2022',
      minify: true,
      lib: { entry: here(`contenders/${name}.js`), formats: ['es'], fileName: () => `${name}.js` },
      rollupOptions: { external: /^\/page\//, output: { codeSplitting: false } },
    },
  }
}

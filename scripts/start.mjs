// `npm start [-- --port N]`: installs what is missing, builds, and serves relay and demo on one port.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

ensureInstalled()
await import('./build.mjs')

const root = fileURLToPath(new URL('..', import.meta.url))
const args = process.argv.slice(2)
const port = args.some((arg) => arg === '--port' || arg.startsWith('--port=')) ? [] : ['--port', '8787']
const relay = spawn(process.execPath, ['signaling-relay/dist/cli.js', '--static', 'demo-app/dist', ...port, ...args], {
  cwd: root,
  stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => relay.kill(signal))
relay.on('exit', (code, signal) => process.exit(code ?? (signal ? 0 : 1)))

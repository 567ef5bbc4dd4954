#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { KithError, RELAY_LIMITS, type RelayLimits } from '@kith/protocol'
import { createRelay, NO_ORIGINS, type RelayOptions } from './server.ts'

const DEFAULT_PORT = 8787

const HELP = `Kith relay: hands sealed envelopes from one ephemeral address to another, and keeps nothing.

Usage: kith-relay [options]

  --port N              listen on this port (default ${DEFAULT_PORT}; 0 for any that is free)
  --host H              listen on this interface (default: all)
  --origin URL          a public origin of this relay, like wss://relay.example; may be repeated
                        (default: the host that a client dialled, if it is localhost or of a private network)
  --static DIR          serve the built page in DIR at /
  --limit NAME=VALUE    change a limit; may be repeated
  --trust-proxy         take client addresses from X-Forwarded-For: only behind a proxy that sets it
  --help                this text

Limits and their defaults (times in ms, rates per second):
${Object.entries(RELAY_LIMITS)
  .map(([name, value]) => `  ${name}=${value}`)
  .join('\n')}
`

/** The command line is wrong: prints the sentence, exits with 2. */
class UsageError extends Error {}

function parse(argv: string[]): RelayOptions | 'help' {
  const values = readFlags(argv)
  if (values.help) return 'help'
  const options: RelayOptions = { port: portOf(values.port), limits: limitsOf(values.limit ?? []) }
  if (values.host !== undefined) options.host = values.host
  if (values.origin !== undefined) options.origins = values.origin
  if (values.static !== undefined) options.static = values.static
  if (values['trust-proxy'] !== undefined) options.trustProxy = values['trust-proxy']
  return options
}

function readFlags(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      strict: true,
      allowPositionals: false,
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        origin: { type: 'string', multiple: true },
        static: { type: 'string' },
        limit: { type: 'string', multiple: true },
        'trust-proxy': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    // Node's own sentence names the flag; what follows its first full stop is advice on '--' that does not apply here.
    throw new UsageError(error instanceof Error ? error.message.replace(/\. .*$/s, '.') : String(error))
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new UsageError(`--port takes a number from 0 to 65535, not '${text}'.`)
  return port
}

function limitsOf(texts: readonly string[]): Partial<RelayLimits> {
  const limits: Partial<RelayLimits> = {}
  for (const text of texts) {
    const [, name = '', value = ''] = /^(\w+)=(\d+)$/.exec(text) ?? []
    if (value === '') throw new UsageError(`--limit takes NAME=VALUE with a whole number, not '${text}'.`)
    if (!Object.hasOwn(RELAY_LIMITS, name)) throw new UsageError(`There is no limit named '${name}'. --help lists them.`)
    limits[name as keyof RelayLimits] = Number(value)
  }
  return limits
}

async function main(argv: string[]): Promise<void> {
  const options = parse(argv)
  if (options === 'help') {
    process.stdout.write(HELP)
    return
  }
  const relay = await createRelay({ ...options, log: (line) => console.error(line) })
  const stop = () => void relay.close().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  if (options.origins === undefined) console.error(NO_ORIGINS)
  console.log(`${options.static === undefined ? 'Kith relay' : 'Kith'} is ready at http://localhost:${relay.port}`)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`kith-relay: ${sentence(error)}`)
  process.exit(isUsage(error) ? 2 : 1)
})

/** Whether the command line is to blame, not the machine that we run on. */
function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true
  if (error instanceof KithError) return error.code === 'invalid-argument'
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return 'The port is in use by another program: choose another with --port.'
    case 'EACCES':
      return 'This port or folder may not be used by this account.'
    case 'ENOENT':
    case 'ENOTDIR':
      return `There is no such folder: ${(error as NodeJS.ErrnoException).path}.`
    case 'ENOTFOUND':
    case 'EADDRNOTAVAIL':
      return 'There is no such interface: check --host.'
    default:
      return error.message
  }
}

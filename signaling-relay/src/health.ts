import type { RelayMachine } from '@kith/protocol'

/** Counts that only the driver has. */
export interface DriverCounters {
  droppedSlowReceiver: number
  closedStalled: number
  refusedConnections: number
  closedForOthers: number
}

/** For monitoring: numbers only, nothing that distinguishes clients. */
export function health(machine: RelayMachine, uptimeMs: number): string {
  return `${JSON.stringify({ status: 'ok', sockets: machine.sockets, addresses: machine.addresses, uptimeMs: Math.round(uptimeMs) })}\n`
}

/** Prometheus text exposition format 0.0.4. */
export function metrics(machine: RelayMachine, driver: DriverCounters): string {
  const lines: string[] = []
  const gauge = (name: string, value: number) => lines.push(`# TYPE kith_relay_${name} gauge`, `kith_relay_${name} ${value}`)
  gauge('sockets', machine.sockets)
  gauge('addresses', machine.addresses)
  lines.push('# HELP kith_relay_events_total What happened, by kind.', '# TYPE kith_relay_events_total counter')
  for (const [kind, count] of Object.entries({ ...machine.counters, ...driver })) {
    lines.push(`kith_relay_events_total{kind="${snakeCase(kind)}"} ${count}`)
  }
  return `${lines.join('\n')}\n`
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

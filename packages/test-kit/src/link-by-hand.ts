/**
 * One end of a link, message by message. Nothing is acknowledged, granted or kept to unless the test says so; with `answerPings` the
 * other end does not give it up for silent.
 */
import {
  type Bytes,
  type ControlMessage,
  decodeControl,
  encodeControl,
  FEATURES,
  type LaneName,
  type ProtocolName,
  unpackMessage,
} from '@kith/protocol'
import { memoryLanes } from '@kith/sdk/parts'
import {
  decodeFrame,
  encodeAbort,
  encodeAccept,
  encodeAck,
  encodeCredit,
  encodeDataHeader,
  encodeFin,
  encodeOpenHeader,
  encodeReject,
  encodeReset,
  encodeStop,
  type Frame,
  type OpenHeader,
} from '../../protocol/src/mux/frames.ts'
import type { Lane, Lanes } from '../../sdk/src/path/lane.ts'
import { Link, type LinkOptions } from '../../sdk/src/session/link.ts'
import { Inbox } from './inbox.ts'

export type AnyLane = LaneName | 'datagrams'

/** Frames as bytes: what a lane takes, one a message. */
export const frames = {
  open: (stream: number, protocol: ProtocolName, data: Uint8Array = new Uint8Array(), header: Partial<OpenHeader> = {}): Bytes =>
    joined(
      encodeOpenHeader(stream, { kind: 'stream', priority: 0, scope: 0, protocols: [protocol], params: undefined, ...header }),
      data,
    ),
  accept: encodeAccept,
  reject: encodeReject,
  data: (stream: number, data: Uint8Array): Bytes => joined(encodeDataHeader(stream), data),
  credit: encodeCredit,
  fin: encodeFin,
  reset: encodeReset,
  stop: encodeStop,
  abort: encodeAbort,
  ack: encodeAck,
}

export interface Confirmation {
  readonly ours: Bytes
  readonly theirs: Bytes
}

export class LinkByHand {
  readonly lanes: Lanes
  readonly control = new Inbox<ControlMessage>()
  readonly frames = new Inbox<Frame>()
  readonly datagrams = new Inbox<Bytes>()
  /** Pings get their pongs. */
  answerPings = true
  readonly #confirmation: Confirmation

  constructor(lanes: Lanes, confirmation: Confirmation) {
    this.lanes = lanes
    this.#confirmation = confirmation
    listen(lanes.control, (bytes) => {
      const message = decodeControl(bytes)
      if (message.type === 'ping' && this.answerPings) this.say({ type: 'pong', token: message.token })
      this.control.add(message)
    })
    for (const name of ['urgent', 'bulk'] as const) {
      listen(lanes[name], (bytes) => {
        for (const frame of unpackMessage(bytes)) this.frames.add(decodeFrame(frame))
      })
    }
    listen(lanes.datagrams, (bytes) => this.datagrams.add(bytes))
    lanes.control.addEventListener('close', () => {
      this.control.end()
      this.frames.end()
      this.datagrams.end()
    })
  }

  /** Any bytes, as one message. */
  bytes(lane: AnyLane, bytes: Bytes): void {
    this.lanes[lane].send(bytes)
  }

  say(message: ControlMessage): void {
    this.bytes('control', encodeControl(message))
  }

  confirm(hmac: Bytes = this.#confirmation.ours): void {
    this.say({ type: 'confirm', hmac })
  }

  hello(fields: Partial<Extract<ControlMessage, { type: 'hello' }>> = {}): void {
    this.say({
      type: 'hello',
      version: 1,
      instance: new Uint8Array(16).fill(0x66),
      served: [[0, []]],
      limits: { streams: 1024, streamWindowBytes: 1 << 20, connectionWindowBytes: 1 << 22 },
      features: Object.values(FEATURES),
      ...fields,
    })
  }

  /** Honestly, up to where streams may be opened. Throws where theirs is wrong, or they close. */
  async greet(fields: Parameters<LinkByHand['hello']>[0] = {}): Promise<void> {
    this.confirm()
    const theirs = await this.control.next(({ type }) => type === 'confirm')
    if (theirs?.type !== 'confirm' || theirs.hmac.join() !== this.#confirmation.theirs.join()) throw new Error('not confirmed')
    this.hello(fields)
    if ((await this.control.next(({ type }) => type === 'hello')) === undefined) throw new Error('no hello')
  }
}

/** A hand-driven end over memory lanes, and the real Link at the other. `role`: of the hand, 0 dials. */
export function linkAgainst(options: Partial<LinkOptions> = {}, role: 0 | 1 = 0): { hand: LinkByHand; link: Link } {
  const [mine, theirs] = memoryLanes()
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const link = new Link({
    lanes: theirs,
    role: role === 0 ? 1 : 0,
    confirmation: { ours: b, theirs: a },
    instance: new Uint8Array(16).fill(7),
    protocols: [],
    maxMessageSize: 262_144,
    onIncoming: () => undefined,
    ...options,
  })
  return { hand: new LinkByHand(mine, { ours: a, theirs: b }), link }
}

function listen(lane: Lane, heard: (bytes: Bytes) => void): void {
  lane.addEventListener('message', ({ data }) => heard(new Uint8Array(data as ArrayBuffer)))
}

function joined(head: Uint8Array, tail: Uint8Array): Bytes {
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}

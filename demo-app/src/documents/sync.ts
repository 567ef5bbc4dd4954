/**
 * The protocol `/doc/yjs/v1`, which merges two copies of a document over a stream. Messages are those of y-protocols/sync (varuint kind,
 * then varuint length and bytes), and one more kind:
 *
 *     0 step 1   my state vector: what I have. Both sides send it first
 *     1 step 2   the answer: an update with all that the other side lacks
 *     2 update   what changed since
 *     3 kept     varuint: how many step 2s and updates of yours are stored here
 *
 * Yjs applies an update once, however often it arrives. So no state is kept between streams: the next one begins with what each side has
 * by then.
 */
import { KithError } from '@kith/sdk'
import { createDecoder, hasContent, readVarUint, readVarUint8Array } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from 'lib0/encoding'
import * as Y from 'yjs'
import { Value } from '../ui/observable.ts'

const STEP_1 = 0
const STEP_2 = 1
const UPDATE = 2
const KEPT = 3

/** Bytes in one message: a novel with all of its history is about 1 MiB. Beyond: not sent, and the stream is reset. */
export const SYNC_MESSAGE_MAX_BYTES = 8 * 1024 * 1024

/** Whole messages: the part of the SDK's `Messages` that is needed here. */
export interface Channel extends AsyncIterable<{ readonly data: Uint8Array }> {
  send(data: Uint8Array): Promise<void>
  close(): Promise<void>
}

export class SyncSession {
  /** Whether the other side has stored all that is in the document here. */
  readonly merged = new Value(false)

  readonly #doc: Y.Doc
  readonly #channel: Channel
  readonly #kept: () => Promise<void>
  /** Changes since the last message; they are sent as one update, however long the stream was blocked. */
  #changes: Uint8Array[] = []
  /** A state vector that waits for its step 2. */
  #asked: Uint8Array | undefined
  #isAnswered = false
  #sentCount = 0
  #keptThereCount = 0
  #receivedCount = 0
  #keptHereCount = 0
  #toldCount = 0
  #isEnding = false
  #isOver = false
  #hasWork: () => void = () => undefined

  /** `kept` resolves once every update of the document is stored; rejects where that fails. */
  constructor(doc: Y.Doc, channel: Channel, kept: () => Promise<void>) {
    this.#doc = doc
    this.#channel = channel
    this.#kept = kept
  }

  /** Runs until both sides have ended. Rejects as the channel does, and with 'peer-violation' for invalid messages: then the caller
   *  resets the stream. */
  async run(): Promise<void> {
    const changed = (update: Uint8Array, origin: unknown) => {
      if (origin === this) return
      this.#changes.push(update)
      this.#work()
    }
    this.#doc.on('update', changed)
    try {
      await Promise.all([this.#listen(), this.#speak()])
    } finally {
      this.#isOver = true
      this.#hasWork()
      this.#doc.off('update', changed)
      this.merged.set(false)
    }
  }

  /** Sends what is due, then ends; the other side then ends as well. */
  end(): void {
    this.#isEnding = true
    this.#work()
  }

  // ── receiving ────────────────────────────────────────────────────────────────────────────────

  async #listen(): Promise<void> {
    for await (const { data } of this.#channel) this.#hear(data)
    this.end()
  }

  #hear(data: Uint8Array): void {
    const message = decode(data)
    switch (message.kind) {
      case STEP_1:
        this.#asked = message.stateVector
        break
      case STEP_2:
      case UPDATE:
        Y.applyUpdate(this.#doc, message.update, this)
        this.#receivedCount += 1
        void this.#acknowledgeWhenKept(this.#receivedCount)
        break
      case KEPT:
        if (message.count > this.#sentCount) throw violation('more was kept than was sent')
        this.#keptThereCount = message.count
        this.#measure()
    }
    this.#work()
  }

  async #acknowledgeWhenKept(count: number): Promise<void> {
    try {
      await this.#kept()
    } catch {
      // The failed write is shown elsewhere. Without 'kept' the other side rightly assumes that we lack the update.
      return
    }
    // An update that waits for an earlier one is not in the document yet, so it is not stored.
    if (this.#doc.store.pendingStructs !== null) return
    this.#keptHereCount = Math.max(this.#keptHereCount, count)
    this.#work()
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────

  /** One message at a time, so that flow control blocks this loop and only changes queue, which merge. */
  async #speak(): Promise<void> {
    await this.#channel.send(encode(STEP_1, Y.encodeStateVector(this.#doc)))
    // After a failure the stream is not closed cleanly: the other side would take its copy for complete.
    while (!this.#isOver) {
      const next = this.#next()
      if (next) {
        await this.#channel.send(next)
      } else if (this.#isEnding) {
        await this.#channel.close()
        return
      } else {
        await new Promise<void>((resolve) => {
          this.#hasWork = resolve
        })
      }
      this.#measure()
    }
  }

  #next(): Uint8Array | undefined {
    if (this.#asked) {
      const update = Y.encodeStateAsUpdate(this.#doc, this.#asked)
      this.#asked = undefined
      this.#isAnswered = true
      this.#changes = []
      this.#sentCount += 1
      return encode(STEP_2, update)
    }
    // Before the other side has asked, its step 2 will hold all of it.
    if (!this.#isAnswered) this.#changes = []
    const [first] = this.#changes
    if (first) {
      const update = this.#changes.length === 1 ? first : Y.mergeUpdates(this.#changes)
      this.#changes = []
      this.#sentCount += 1
      return encode(UPDATE, update)
    }
    if (this.#toldCount < this.#keptHereCount) {
      this.#toldCount = this.#keptHereCount
      return encodeKept(this.#toldCount)
    }
    return undefined
  }

  #work(): void {
    this.#measure()
    this.#hasWork()
  }

  #measure(): void {
    this.merged.set(this.#isAnswered && this.#changes.length === 0 && this.#keptThereCount === this.#sentCount)
  }
}

type SyncMessage =
  | { readonly kind: typeof STEP_1; readonly stateVector: Uint8Array }
  | { readonly kind: typeof STEP_2 | typeof UPDATE; readonly update: Uint8Array }
  | { readonly kind: typeof KEPT; readonly count: number }

/** Throws 'peer-violation'. */
export function decode(data: Uint8Array): SyncMessage {
  let message: SyncMessage
  try {
    const decoder = createDecoder(data)
    const kind = readVarUint(decoder)
    switch (kind) {
      case STEP_1:
        message = { kind, stateVector: readVarUint8Array(decoder) }
        Y.decodeStateVector(message.stateVector)
        break
      case STEP_2:
      case UPDATE:
        message = { kind, update: readVarUint8Array(decoder) }
        break
      case KEPT:
        message = { kind, count: readVarUint(decoder) }
        break
      default:
        throw violation(`a message of kind ${kind}`)
    }
    if (hasContent(decoder)) throw violation('a message goes on after its end')
    if ('update' in message && !isPlainText(message.update)) throw violation('an update with something other than text')
  } catch (error) {
    throw error instanceof KithError ? error : violation('a message that cannot be read', error)
  }
  return message
}

/** A picture or a format in the text would count as a character here and as none in the editor, and set the two apart. */
function isPlainText(update: Uint8Array): boolean {
  return Y.decodeUpdate(update).structs.every(
    (struct) =>
      !(struct instanceof Y.Item) || struct.content instanceof Y.ContentString || struct.content instanceof Y.ContentDeleted,
  )
}

function encode(kind: number, bytes: Uint8Array): Uint8Array {
  const encoder = createEncoder()
  writeVarUint(encoder, kind)
  writeVarUint8Array(encoder, bytes)
  return toUint8Array(encoder)
}

function encodeKept(count: number): Uint8Array {
  const encoder = createEncoder()
  writeVarUint(encoder, KEPT)
  writeVarUint(encoder, count)
  return toUint8Array(encoder)
}

const violation = (why: string, cause?: unknown) => new KithError('peer-violation', why, { source: 'remote', cause })

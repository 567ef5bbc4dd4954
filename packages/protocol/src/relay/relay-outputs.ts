import type { Bytes } from '../machine.ts'
import { encodeRelayFrame, type Notice, type RelayFrame } from './frames.ts'
import type { RelayOutput, SocketId } from './machine-io.ts'

/** The relay's outputs, in the order in which its parts made them. */
export class RelayOutputs {
  #outputs: RelayOutput[] = []
  /** The index of the next output. `shift()` would move all outputs behind it, which are many at a shutdown. */
  #taken = 0

  push(output: RelayOutput): void {
    this.#outputs.push(output)
  }

  /** A frame that is not an envelope: it is never dropped. */
  frame(socket: SocketId, frame: RelayFrame): void {
    this.encoded(socket, encodeRelayFrame(frame))
  }

  encoded(socket: SocketId, frame: Bytes): void {
    this.#outputs.push({ type: 'send', socket, frame, envelope: false })
  }

  notice(socket: SocketId, notice: Notice): void {
    this.frame(socket, { type: 'notice', notice })
  }

  poll(): RelayOutput | undefined {
    const output = this.#outputs[this.#taken]
    if (output !== undefined) this.#taken += 1
    else if (this.#taken > 0) {
      this.#outputs = []
      this.#taken = 0
    }
    return output
  }
}

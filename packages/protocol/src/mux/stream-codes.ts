/**
 * The codes with which Kith itself resets or aborts a stream, so that the other side can tell why; all other numbers are the
 * application's. They are "Kith" in ASCII and one byte: no application comes to them by counting.
 */
export const STREAM_CODES = {
  /** What was written is not bytes, or its buffer was taken away while it was being sent. */
  notBytes: 0x4b69746801,
  /** A message came that is larger than its receiver's `maxMessageSize`. */
  messageTooLarge: 0x4b69746802,
  /** What came is not whole messages: both sides must use `messages()`. */
  notMessages: 0x4b69746803,
} as const

/** Who ended a stream with this code, and why, as a sentence about the remote. */
export function remoteEnd(streamCode: number): string {
  switch (streamCode) {
    case STREAM_CODES.notBytes:
      return `The remote wrote something that is not bytes, and cannot go on (code ${streamCode}).`
    case STREAM_CODES.messageTooLarge:
      return `The remote takes no message that large: send smaller ones, or let it raise maxMessageSize (code ${streamCode}).`
    case STREAM_CODES.notMessages:
      return `The remote got bytes that are not whole messages: both sides must use messages() (code ${streamCode}).`
    default:
      return `The remote reset the stream with code ${streamCode}.`
  }
}

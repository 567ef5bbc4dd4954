/** Resolves when so many bytes have come on a channel. */
export function readBytes(channel, bytes) {
  return new Promise((resolve) => {
    let received = 0
    channel.onmessage = ({ data }) => {
      received += data.byteLength
      if (received >= bytes) resolve()
    }
  })
}

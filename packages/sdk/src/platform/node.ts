/** What Node gives, of what browsers lack: undefined, or without effect, there. */

/** A task of its own, soon. A MessageChannel, which does the same in browsers, would keep the process alive. */
export function immediate(): ((run: () => void) => void) | undefined {
  return (globalThis as { setImmediate?: (run: () => void) => void }).setImmediate
}

/** A port with a listener keeps the process alive, unless it is unreferenced. */
export function keepAlive(port: MessagePort, isWaitedFor: boolean): void {
  const { ref, unref } = port as MessagePort & { ref?: () => void; unref?: () => void }
  if (isWaitedFor) ref?.call(port)
  else unref?.call(port)
}

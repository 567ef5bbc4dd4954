/**
 * What a browser gives, of what other hosts lack: each is undefined where it is missing, or where even to look at it is forbidden. Node
 * has some of it, and takes the same way. No file outside this folder looks for a global.
 */
import { given } from './environment.ts'

/** What a WebRTC package exports, and a browser has as globals. */
export interface WebRtc {
  readonly RTCPeerConnection: typeof RTCPeerConnection
  readonly RTCSessionDescription: typeof RTCSessionDescription
  readonly RTCIceCandidate: typeof RTCIceCandidate
}

export interface Page {
  readonly document: Document
  readonly window: Window
}

/** A page; not a worker, a server or a test in Node. */
export function page(): Page | undefined {
  const there = { document: given(() => globalThis.document), window: given(() => globalThis.window) }
  return there.document && there.window ? (there as Page) : undefined
}

/** Where the page, or the worker's script, came from. */
export function pageLocation(): Pick<Location, 'href' | 'protocol' | 'host' | 'hostname'> | undefined {
  return given(() => globalThis.location)
}

/** Calls `listener` when the page is put aside or left. */
export function onPageHide(listener: () => void, signal: AbortSignal): void {
  given(() => globalThis.window)?.addEventListener('pagehide', listener, { signal })
}

export function browserWebRtc(): WebRtc | undefined {
  if (typeof RTCPeerConnection === 'undefined') return undefined
  return { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate }
}

/** Whether an RTCIceTransport says which pair of candidates it uses. Firefox's does not. */
export function hasCandidatePair(): boolean {
  return typeof RTCIceTransport !== 'undefined' && 'onselectedcandidatepairchange' in RTCIceTransport.prototype
}

/** The codecs that this browser sends and receives. Undefined in Node, whose WebRTC packages have no such global. */
export function videoCodecs(): { readonly sent: readonly RTCRtpCodec[]; readonly received: readonly RTCRtpCodec[] } | undefined {
  if (!globalThis.RTCRtpSender) return undefined
  const sent = RTCRtpSender.getCapabilities('video')?.codecs ?? []
  return { sent, received: RTCRtpReceiver.getCapabilities('video')?.codecs ?? [] }
}

export function browserWebSocket(): typeof WebSocket | undefined {
  return given(() => globalThis.WebSocket)
}

/** The tabs of this origin that listen at `name`. Undefined also where the page may not have one (an opaque origin). */
export function openChannel(name: string): BroadcastChannel | undefined {
  return given(() => globalThis.BroadcastChannel && new BroadcastChannel(name))
}

/** Undefined in old browsers and Node 20. That one is there does not say that it may be used. */
export function lockManager(): LockManager | undefined {
  return given(() => globalThis.navigator?.locks)
}

export function storageManager(): Partial<StorageManager> | undefined {
  return given(() => globalThis.navigator?.storage)
}

/** Whether `storage.persist()` asks no person. Chromium decides by itself, and `userAgentData` is Chromium's alone. */
export function persistsSilently(): boolean {
  return given(() => 'userAgentData' in globalThis.navigator) === true
}

/** Where the page may not store anything, some browsers throw for the mere look: a reason, which the caller passes on. */
export function hasIndexedDb(): boolean {
  return Boolean(globalThis.indexedDB)
}

/** Undefined where the page is not a secure context. */
export function subtleCrypto(): SubtleCrypto | undefined {
  return globalThis.crypto?.subtle
}

/** The page's error handling, as for an exception in a DOM event listener. Undefined in Node. */
export function errorReporter(): ((error: unknown) => void) | undefined {
  return typeof globalThis.reportError === 'function' ? (error) => globalThis.reportError(error) : undefined
}

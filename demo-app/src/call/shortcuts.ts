/** Keys that switch the microphone and the camera, the same as in other programs. */
import type { Device } from './device.ts'
import type { DeviceKind } from './preferences.ts'

/** Letters work on the call's screen, chords anywhere on the page. */
const KEYS: Record<DeviceKind, { readonly letter: string; readonly chord: string }> = {
  microphone: { letter: 'm', chord: 'd' },
  camera: { letter: 'v', chord: 'e' },
}

// Ctrl+D and Ctrl+E mean something else in the text fields of a Mac.
const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** For `aria-keyshortcuts`. */
export const ariaKeys = (kind: DeviceKind): string =>
  `${isMac ? 'Meta' : 'Control'}+${KEYS[kind].chord.toUpperCase()} ${KEYS[kind].letter}`

/** As people read it: 'Ctrl+D', '⌘D'. */
export const chordWords = (kind: DeviceKind): string => `${isMac ? '⌘' : 'Ctrl+'}${KEYS[kind].chord.toUpperCase()}`

/** Switches the device that the keys belong to, if any. */
export function switchByKey(event: KeyboardEvent, devices: readonly Device[], accepts: 'letter' | 'chord'): void {
  if (event.repeat || event.altKey || event.shiftKey) return
  const isChord = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey
  if (accepts === 'chord' ? !isChord : event.ctrlKey || event.metaKey || event.target instanceof HTMLSelectElement) return
  const device = devices.find(({ kind }) => KEYS[kind][accepts] === event.key.toLowerCase())
  if (!device) return
  // Else the browser bookmarks the page or focuses the address bar.
  event.preventDefault()
  device.switch(!device.isActive).catch(reportError)
}

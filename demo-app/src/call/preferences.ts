/** Which camera, microphone and speaker were chosen last, and whether they were on. Kept for the next call. */

export type DeviceKind = 'camera' | 'microphone'

export interface DevicePreference {
  readonly isOn: boolean
  /** As `MediaDeviceInfo.deviceId`; undefined: the browser's default. */ readonly deviceId: string | undefined
}

export interface CallPreferences {
  readonly camera: DevicePreference
  readonly microphone: DevicePreference
  /** As `deviceId` above. */ readonly speaker: string | undefined
}

const DEFAULT: DevicePreference = { isOn: true, deviceId: undefined }

export function readPreferences(profile: string): CallPreferences {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(profile)) ?? 'null')
    return {
      camera: preferenceIn(kept, 'camera'),
      microphone: preferenceIn(kept, 'microphone'),
      speaker: typeof kept === 'object' && kept !== null && 'speaker' in kept ? deviceIdIn(kept.speaker) : undefined,
    }
  } catch {
    // Storage is blocked or holds another format: the defaults apply.
    return { camera: DEFAULT, microphone: DEFAULT, speaker: undefined }
  }
}

export function keepPreferences(profile: string, preferences: CallPreferences): void {
  try {
    localStorage.setItem(keyOf(profile), JSON.stringify(preferences))
  } catch {
    // Storage is blocked: the choice holds for this call only.
  }
}

const keyOf = (profile: string) => `kith:call:${profile}`

function preferenceIn(kept: unknown, kind: DeviceKind): DevicePreference {
  const one: unknown = typeof kept === 'object' && kept !== null && kind in kept ? kept[kind as keyof typeof kept] : undefined
  if (typeof one !== 'object' || one === null) return DEFAULT
  return {
    isOn: !('isOn' in one) || one.isOn !== false,
    deviceId: 'deviceId' in one ? deviceIdIn(one.deviceId) : undefined,
  }
}

const deviceIdIn = (kept: unknown) => (typeof kept === 'string' ? kept : undefined)

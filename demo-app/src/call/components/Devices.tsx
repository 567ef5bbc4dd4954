/** Switches and pickers of camera and microphone, before a call and in it; and why there is none. */
import { useId } from 'preact/hooks'
import { Icon } from '../../components/Icon.tsx'
import { useValue } from '../../observable.ts'
import { text } from '../../text.ts'
import type { Capture } from '../capture.ts'
import type { Device } from '../device.ts'

export function Switch({ device, hasKey = false }: { device: Device; hasKey?: boolean }) {
  const isWanted = useValue(device.isOn)
  const state = useValue(device.state)
  const isOn = isWanted && state.is !== 'failed'
  const words = text.call[device.kind]
  const icon = device.kind === 'camera' ? (isOn ? 'camera' : 'cameraOff') : isOn ? 'microphone' : 'microphoneOff'
  const label = isOn ? words.on : words.off
  return (
    <button
      type="button"
      class={`call-control${isOn ? '' : ' off'}`}
      onClick={() => device.switch(!isOn).catch(reportError)}
      aria-label={label}
      title={label}
      {...(hasKey ? { 'aria-keyshortcuts': SWITCH_KEYS[device.kind] } : {})}
    >
      <Icon name={icon} />
    </button>
  )
}

/** In the call, as long as nothing is being written. */
export const SWITCH_KEYS: Record<Device['kind'], string> = { microphone: 'm', camera: 'v' }

export function Pickers({ capture }: { capture: Capture }) {
  return (
    <div class="pickers">
      <Picker device={capture.camera} />
      <Picker device={capture.microphone} />
    </div>
  )
}

function Picker({ device }: { device: Device }) {
  const fieldId = useId()
  const choices = useValue(device.choices)
  const chosen = useValue(device.chosen)
  useValue(device.state)
  const words = text.call.picker
  const used = device.track?.getSettings().deviceId
  const current = [used, chosen].find((id) => choices.some((choice) => choice.id === id)) ?? choices[0]?.id
  return (
    <div class="field">
      <label class="field-label" for={fieldId}>
        {words[device.kind]}
      </label>
      <span class="picker">
        <Icon name={device.kind} />
        <select
          id={fieldId}
          class="input"
          disabled={choices.length === 0}
          value={current ?? ''}
          onChange={(event) => device.choose(event.currentTarget.value).catch(reportError)}
        >
          {choices.length === 0 && <option value="">{words.none}</option>}
          {choices.map(({ id, label }, index) => (
            <option key={id} value={id}>
              {label || words.unnamed(index + 1)}
            </option>
          ))}
        </select>
      </span>
    </div>
  )
}

/** What keeps others from seeing or hearing me, in words; a list that is empty as a rule. */
export function Troubles({ capture }: { capture: Capture }) {
  return (
    <div class="call-troubles" role="status">
      <Trouble device={capture.camera} />
      <Trouble device={capture.microphone} />
    </div>
  )
}

function Trouble({ device }: { device: Device }) {
  const state = useValue(device.state)
  if (state.is !== 'failed') return null
  return (
    <p class="warning">
      <Icon name="warn" />
      <span>{text.call.trouble[device.kind][state.why]}</span>
    </p>
  )
}

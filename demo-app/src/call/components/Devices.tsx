/** Switches and pickers of camera, microphone and speaker, before a call and in it; and why there is none. */
import { useId } from 'preact/hooks'
import { Icon, type IconName } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Capture } from '../capture.ts'
import type { Device, DeviceChoice } from '../device.ts'
import { ariaKeys, chordWords } from '../shortcuts.ts'
import type { Speaker } from '../speaker.ts'
import { text } from '../texts.ts'

export function Switch({ device }: { device: Device }) {
  useValue(device.isOn)
  useValue(device.state)
  const isOn = device.isActive
  const words = text[device.kind]
  const icon = device.kind === 'camera' ? (isOn ? 'camera' : 'cameraOff') : isOn ? 'microphone' : 'microphoneOff'
  const label = isOn ? words.on : words.off
  return (
    <button
      type="button"
      class={`call-control${isOn ? '' : ' off'}`}
      onClick={() => device.switch(!isOn).catch(reportError)}
      aria-label={label}
      title={text.withKeys(label, chordWords(device.kind))}
      aria-keyshortcuts={ariaKeys(device.kind)}
    >
      <Icon name={icon} />
    </button>
  )
}

export function Pickers({ capture }: { capture: Capture }) {
  return (
    <div class="pickers">
      <DevicePicker device={capture.camera} />
      <DevicePicker device={capture.microphone} />
      <SpeakerPicker speaker={capture.speaker} />
    </div>
  )
}

function DevicePicker({ device }: { device: Device }) {
  const choices = useValue(device.choices)
  const chosen = useValue(device.chosen)
  useValue(device.state)
  return (
    <Picker
      label={text.picker[device.kind]}
      icon={device.kind}
      choices={choices}
      preferred={[device.track?.getSettings().deviceId, chosen]}
      onChoose={(id) => device.choose(id).catch(reportError)}
    />
  )
}

/** Nothing where the browser lets no page choose. */
function SpeakerPicker({ speaker }: { speaker: Speaker }) {
  const choices = useValue(speaker.choices)
  const chosen = useValue(speaker.chosen)
  if (choices.length === 0) return null
  return (
    <Picker
      label={text.picker.speaker}
      icon="sound"
      choices={choices}
      preferred={[chosen]}
      onChoose={(id) => speaker.chosen.set(id)}
    />
  )
}

interface PickerProps {
  label: string
  icon: IconName
  choices: readonly DeviceChoice[]
  /** The first of these that is there is shown as the one in use. */ preferred: readonly (string | undefined)[]
  onChoose: (id: string) => void
}

function Picker({ label, icon, choices, preferred, onChoose }: PickerProps) {
  const fieldId = useId()
  const words = text.picker
  const current = preferred.find((id) => choices.some((choice) => choice.id === id)) ?? choices[0]?.id
  return (
    <div class="field">
      <label class="field-label" for={fieldId}>
        {label}
      </label>
      <span class="picker">
        <Icon name={icon} />
        <select
          id={fieldId}
          class="input"
          disabled={choices.length === 0}
          value={current ?? ''}
          onChange={(event) => onChoose(event.currentTarget.value)}
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

/** Why others cannot see or hear me; usually empty. */
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
      <span>{text.trouble[device.kind][state.why]}</span>
    </p>
  )
}

/** The row of buttons under a call. */

import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Calls } from '../calls.ts'
import { text } from '../texts.ts'
import { Switch } from './Devices.tsx'

interface ControlsProps {
  calls: Calls
  isRinging: boolean
  onDevices: () => void
}

export function Controls({ calls, isRinging, onDevices }: ControlsProps) {
  const { capture } = calls
  const screen = useValue(capture.screen)
  const words = text
  const hangUp = isRinging ? words.cancel : words.hangUp
  // Phones have no way to share their screens.
  const canShare = 'getDisplayMedia' in navigator.mediaDevices
  const share = screen ? words.screen.stop : words.screen.start
  return (
    <fieldset class="call-controls" aria-label={words.controls}>
      <Switch device={capture.microphone} />
      <Switch device={capture.camera} />
      {canShare && !isRinging && (
        <button
          type="button"
          class={`call-control share${screen ? ' lit' : ''}`}
          onClick={() => (screen ? capture.stopSharing() : capture.shareScreen().catch(reportError))}
          aria-label={share}
          title={share}
        >
          <Icon name="screen" />
        </button>
      )}
      <button type="button" class="call-control devices" onClick={onDevices} aria-label={words.devices} title={words.devices}>
        <Icon name="settings" />
      </button>
      <button type="button" class="call-control hang-up" onClick={() => calls.leave()} aria-label={hangUp} title={hangUp}>
        <Icon name="hangUp" />
      </button>
    </fieldset>
  )
}

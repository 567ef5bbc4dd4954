/** What others see of me. */
import { useMemo } from 'preact/hooks'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Capture } from '../capture.ts'
import { useSpeaking } from '../speaking.ts'
import { text } from '../texts.ts'
import { Picture } from './Picture.tsx'

export function Mine({ capture, size }: { capture: Capture; size: 'large' | 'small' }) {
  const screen = useValue(capture.screen)
  const camera = useValue(capture.camera.state)
  const microphone = useValue(capture.microphone.state)
  const isOn = useValue(capture.microphone.isOn)
  const track = screen ?? (camera.is === 'open' ? camera.track : undefined)
  const stream = useMemo(() => track && new MediaStream([track]), [track])
  const isMuted = !capture.microphone.isActive
  const isSpeaking = useSpeaking(microphone.is === 'open' && isOn ? microphone.track : undefined)
  const label = screen ? text.myScreen : text.mine
  return (
    <div class={`tile mine ${size}${isSpeaking ? ' speaking' : ''}${screen ? ' screen' : ''}`}>
      {stream && <Picture stream={stream} label={label} isMirrored={!screen} isWhole={!!screen} />}
      {!stream && camera.is !== 'opening' && <p class="tile-words">{text.cameraOff}</p>}
      <span class="tile-name">
        {isMuted && <Icon name="microphoneOff" />}
        {screen ? text.myScreen : text.me}
        {isMuted && <span class="unseen">{text.iAmMuted}</span>}
      </span>
    </div>
  )
}

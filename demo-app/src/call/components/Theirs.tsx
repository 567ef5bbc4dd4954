/** The other person in a call: picture and sound, or their avatar, and whether their camera and microphone are off. */
import { useState } from 'preact/hooks'
import { Avatar } from '../../ui/Avatar.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { LiveCall } from '../live-call.ts'
import type { Speaker } from '../speaker.ts'
import { useSpeaking } from '../speaking.ts'
import { text } from '../texts.ts'
import { Picture } from './Picture.tsx'

interface TheirsProps {
  call: LiveCall
  speaker: Speaker
  id: string
  name: string
  isSmall: boolean
}

export function Theirs({ call, speaker, id, name, isSmall }: TheirsProps) {
  const { stream, picture, sound } = useValue(call.remote)
  const said = useValue(call.theirs)
  const isSpeaking = useSpeaking(sound)
  const [start, setStart] = useState<(() => void) | undefined>(undefined)
  // Their state arrives before the track does or ends; either is enough to know that there is no picture.
  const isHidden = !picture || said?.picture === 'none'
  const isMuted = said?.microphone === false
  const isReconnecting = useValue(call.state) === 'reconnecting'
  const words = text
  return (
    <div class={`tile theirs${isSpeaking && !isMuted ? ' speaking' : ''}${isReconnecting ? ' waiting' : ''}`}>
      <Picture
        stream={stream}
        speaker={speaker}
        label={said?.picture === 'screen' ? words.theirScreen(name) : words.them(name)}
        // Without their word, the picture may be a screen.
        isWhole={said?.picture !== 'camera'}
        isHidden={isHidden}
        onBlocked={(play) => setStart(() => play)}
      />
      {isReconnecting && <span class="spinner" aria-hidden="true" />}
      {isHidden && <Avatar id={id} name={name} size="large" />}
      <p class="tile-words" role="status">
        {said?.picture === 'none' ? words.theirCameraOff(name) : !picture && (said || !stream) ? words.connecting : ''}
      </p>
      <p class="tile-name" role="status">
        {isMuted && (
          <>
            <Icon name="microphoneOff" />
            <span class={isSmall ? 'unseen' : undefined}>{words.muted(name)}</span>
            {isSmall && <span aria-hidden="true">{words.mutedShort}</span>}
          </>
        )}
      </p>
      {start && (
        <button
          type="button"
          class="button primary start-audio"
          onClick={() => {
            setStart(undefined)
            start()
          }}
        >
          <Icon name="sound" />
          {words.startAudio}
        </button>
      )}
    </div>
  )
}

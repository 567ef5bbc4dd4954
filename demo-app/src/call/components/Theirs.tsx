/** The one I talk with: picture and sound, or who they are where there is no picture. */
import { useState } from 'preact/hooks'
import { Avatar } from '../../components/Avatar.tsx'
import { Icon } from '../../components/Icon.tsx'
import { useValue } from '../../observable.ts'
import { text } from '../../text.ts'
import type { LiveCall } from '../live-call.ts'
import { useSpeaking } from '../speaking.ts'
import { Picture } from './Picture.tsx'

export function Theirs({ call, id, name }: { call: LiveCall; id: string; name: string }) {
  const { stream, picture, sound } = useValue(call.remote)
  const isSpeaking = useSpeaking(sound)
  const [start, setStart] = useState<(() => void) | undefined>(undefined)
  return (
    <div class={isSpeaking ? 'tile theirs speaking' : 'tile theirs'}>
      <Picture stream={stream} label={text.call.them(name)} isHidden={!picture} onBlocked={(play) => setStart(() => play)} />
      {!picture && <Avatar id={id} name={name} size="large" />}
      <p class="tile-words" role="status">
        {!stream ? text.call.connecting : !picture ? text.call.noPicture(name) : !sound ? text.call.noSound(name) : ''}
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
          {text.call.startAudio}
        </button>
      )}
    </div>
  )
}

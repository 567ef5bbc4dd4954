/** Why there is no call, and whether to try again. */
import type { PeerId } from '@kith/sdk'
import { useEffect, useRef } from 'preact/hooks'
import { Avatar } from '../../ui/Avatar.tsx'
import { Icon } from '../../ui/Icon.tsx'
import type { CallEnd, Calls } from '../calls.ts'
import { text } from '../texts.ts'

export function CallOver({ calls, id, name, why }: { calls: Calls; id: PeerId; name: string; why: CallEnd }) {
  const close = useRef<HTMLButtonElement>(null)
  useEffect(() => close.current?.focus(), [])
  const { title, sentence } = text.over[why]
  return (
    <section
      class="call over"
      aria-label={text.title(name)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') calls.leave()
      }}
    >
      <div class="over-inner">
        <Avatar id={id} name={name} size="large" />
        <div role="alert">
          <h1>{title(name)}</h1>
          <p class="hint">{sentence}</p>
        </div>
        <div class="choices">
          <button ref={close} type="button" class="button" onClick={() => calls.leave()}>
            {text.done}
          </button>
          <button type="button" class="button primary" onClick={() => calls.call(id).catch(reportError)}>
            <Icon name="camera" />
            {text.again}
          </button>
        </div>
      </div>
    </section>
  )
}

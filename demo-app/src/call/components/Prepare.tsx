/** Before a call: my own picture, my devices, and buttons to call or to cancel. */

import type { PeerId } from '@kith/sdk'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from '../../ui/Icon.tsx'
import type { Calls } from '../calls.ts'
import { text } from '../texts.ts'
import { Pickers, Switch, Troubles } from './Devices.tsx'
import { Mine } from './Mine.tsx'

export function Prepare({ calls, id, name }: { calls: Calls; id: PeerId; name: string }) {
  const go = useRef<HTMLButtonElement>(null)
  const { capture } = calls
  const words = text.prepare
  useEffect(() => go.current?.focus(), [])
  return (
    <section
      class="call prepare"
      aria-label={words.title(name)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') calls.leave()
      }}
    >
      <div class="prepare-inner">
        <header class="prepare-words">
          <h1>{words.title(name)}</h1>
          <p class="hint">{words.hint}</p>
        </header>
        <div class="prepare-mirror">
          <Mine capture={capture} size="large" />
          <div class="call-controls">
            <Switch device={capture.microphone} />
            <Switch device={capture.camera} />
          </div>
        </div>
        <Troubles capture={capture} />
        <Pickers capture={capture} />
        <div class="choices">
          <button type="button" class="button" onClick={() => calls.leave()}>
            {text.cancel}
          </button>
          <button ref={go} type="button" class="button good solid" onClick={() => calls.call(id).catch(reportError)}>
            <Icon name="camera" />
            {words.go}
          </button>
        </div>
      </div>
    </section>
  )
}

/** A call that is over, as a line of the conversation. */

import { lengthOf, momentOf, timeOf } from '../../ui/dates.ts'
import { Icon } from '../../ui/Icon.tsx'
import type { CallEntry, CallRecord } from '../history.ts'
import { text } from '../texts.ts'

export function CallLine({ entry }: { entry: CallEntry }) {
  const { at, call } = entry
  return (
    <p class={`call-line ${call.how}`}>
      <Icon name={call.how === 'answered' ? 'camera' : 'hangUp'} />
      <CallWords call={call} />
      <time dateTime={new Date(at).toISOString()} title={momentOf(at)}>
        {timeOf(at)}
      </time>
    </p>
  )
}

export function CallWords({ call }: { call: CallRecord }) {
  const words = text.call
  return <span>{call.how === 'answered' ? words.answered(lengthOf(call.lastedMs)) : words[call.how]}</span>
}

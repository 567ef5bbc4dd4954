/** An invitation: made, shown, waiting, and over. */
import type { Invite, PeerId } from '@kith/sdk'
import { useEffect } from 'preact/hooks'
import { Avatar } from '../../ui/Avatar.tsx'
import { CopyField } from '../../ui/CopyField.tsx'
import { useNow } from '../../ui/clock.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { until } from '../../ui/dates.ts'
import { Icon } from '../../ui/Icon.tsx'
import { useValue } from '../../ui/observable.ts'
import type { Invitation } from '../invitation.ts'
import type { Session } from '../session.ts'
import { errorWords, text } from '../texts.ts'

interface InviteDialogProps {
  session: Session
  invitation: Invitation
  onClose: () => void
  onTalk: (contact: PeerId) => void
}

export function InviteDialog({ session, invitation, onClose, onTalk }: InviteDialogProps) {
  useEffect(() => void invitation.offer(), [invitation])
  return (
    <Dialog title={text.invite.title} onClose={onClose}>
      <Body session={session} invitation={invitation} onClose={onClose} onTalk={onTalk} />
    </Dialog>
  )
}

function Body({ session, invitation, onClose, onTalk }: InviteDialogProps) {
  const state = useValue(invitation.state)
  const words = text.invite
  const offer = () => void invitation.offer()
  switch (state.at) {
    case 'none':
    case 'making':
      return (
        <p class="busy invite-busy" role="status">
          <span class="spinner" aria-hidden="true" />
          {words.making}
        </p>
      )
    case 'waiting':
      return (
        <Waiting
          session={session}
          invite={state.invite}
          onAnother={() => void invitation.offerAnother()}
          onRevoke={() => invitation.revoke().catch(reportError)}
        />
      )
    case 'accepted': {
      const { id, name } = state.contact
      return (
        <div class="stack centered" role="status">
          <Avatar id={id} name={name} online size="large" />
          <h3 class="arrival">{words.accepted(name)}</h3>
          <p class="hint">{words.acceptedHint(name)}</p>
          <button
            type="button"
            class="button primary wide"
            onClick={() => {
              onClose()
              onTalk(id)
            }}
          >
            {words.talk(name)}
          </button>
          <button type="button" class="button quiet wide" onClick={offer}>
            {words.another}
          </button>
        </div>
      )
    }
    case 'expired':
      return <Over sentence={words.expired} onAgain={offer} />
    case 'revoked':
      return <Over sentence={words.revoked} onAgain={offer} />
    case 'failed':
      return <Over sentence={words.failed(errorWords(state.code))} onAgain={offer} />
  }
}

interface WaitingProps {
  session: Session
  invite: Invite
  onAnother: () => void
  onRevoke: () => void
}

function Waiting({ session, invite, onAnother, onRevoke }: WaitingProps) {
  const now = useNow()
  const status = useValue(session.status)
  const words = text.invite
  return (
    <div class="stack">
      <p class="hint">{words.hint}</p>
      <img class="qr" src={`data:image/svg+xml,${encodeURIComponent(invite.svg)}`} alt={words.qr} />
      <CopyField label={words.link} value={invite.link} action={words.copy} primary />
      {'share' in navigator && (
        <button
          type="button"
          class="button wide"
          // Rejects when the person cancels.
          onClick={() => navigator.share({ text: words.shareText, url: invite.link }).catch(() => undefined)}
        >
          <Icon name="share" />
          {words.share}
        </button>
      )}
      <button type="button" class="button quiet wide" onClick={onAnother}>
        {words.another}
      </button>
      <div class="invite-foot">
        <div>
          <p class="busy" role="status">
            <span class="spinner" aria-hidden="true" />
            {words.waiting}
          </p>
          <p class="hint">{status.reach === 'online' ? words.stay(until(invite.expiresAt, now)) : words.relayAway}</p>
        </div>
        <button type="button" class="button small danger" onClick={onRevoke}>
          {words.revoke}
        </button>
      </div>
    </div>
  )
}

function Over({ sentence, onAgain }: { sentence: string; onAgain: () => void }) {
  return (
    <div class="stack">
      <p role="status">{sentence}</p>
      <button type="button" class="button primary wide" onClick={onAgain}>
        {text.invite.again}
      </button>
    </div>
  )
}

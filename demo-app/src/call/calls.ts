/** The calls of this page, one at a time: who calls whom, whether it is answered, and how it ended. */
import type { IncomingMedia, Media, Peer, PeerId, Stream } from '@kith/sdk'
import { codeOf } from '../people/error-code.ts'
import { Value } from '../ui/observable.ts'
import { Capture } from './capture.ts'
import { LiveCall } from './live-call.ts'
import type { DeviceKind } from './preferences.ts'
import { CALL_STATE } from './self-state.ts'
import { playTone, type ToneKind } from './tone.ts'

export const CALL = '/call/v1'
/** A stream of this protocol, opened and closed before a call is declined, means: I am on another call. Declining carries no reason. */
export const BUSY = '/call/busy/v1'

/** Milliseconds to deliver it. Beyond: the call is declined without a reason. */
const BUSY_TIMEOUT_MS = 2_000

export type CallEnd =
  | 'declined'
  | 'busy'
  | 'no-answer'
  | 'no-relay'
  | 'unreachable'
  | 'needs-turn'
  | 'no-calls'
  | 'lost'
  | 'failed'

export type CallState =
  | { readonly at: 'none' }
  | { readonly at: 'preparing'; readonly with: PeerId }
  | { readonly at: 'calling'; readonly with: PeerId; readonly giveUp: AbortController }
  | { readonly at: 'talking'; readonly with: PeerId; readonly call: LiveCall }
  | { readonly at: 'over'; readonly with: PeerId; readonly why: CallEnd }

/** An event that is shown for a moment. */
export type CallNews =
  | { readonly what: 'missed' | 'hung-up' | 'turned-away'; readonly who: PeerId }
  | { readonly what: 'unplugged'; readonly device: DeviceKind; readonly by: string | undefined }

/** A call that is over, answered or not. */
interface EndedCall {
  readonly caller: LiveCall['caller']
  readonly outcome:
    | { readonly how: 'answered'; readonly lastedMs: number }
    /** 'missed' and 'declined': theirs. 'unanswered': mine, for any reason. */
    | { readonly how: 'missed' | 'declined' | 'unanswered' }
}

/** Keeps a line about a call that is over. */
type Note = (contact: PeerId, ended: EndedCall) => void

const NONE: CallState = { at: 'none' }

export class Calls {
  readonly state = new Value<CallState>(NONE)
  /** A call that rings here. */
  readonly incoming = new Value<IncomingMedia | undefined>(undefined)
  readonly news = new Value<CallNews | undefined>(undefined)
  /** The call is shown small, in a corner of the page. */
  readonly isSmall = new Value(false)
  readonly capture: Capture
  readonly #peer: Peer
  readonly #note: Note
  #tone: { readonly kind: ToneKind; readonly stop: () => void } | undefined

  constructor(peer: Peer, profile: string, note: Note) {
    this.#peer = peer
    this.#note = note
    this.capture = new Capture(profile)
    peer.handleMedia(CALL, (incoming) => this.#ring(incoming))
    peer.handle(BUSY, (stream) => this.#hearBusy(stream))
    peer.handle(CALL_STATE, (stream) => this.#hearState(stream))
    this.state.on(() => this.#sound())
    this.incoming.on(() => this.#sound())
    for (const { kind, replaced } of [this.capture.camera, this.capture.microphone])
      replaced.on(() => this.news.set({ what: 'unplugged', device: kind, by: replaced.get()?.by }))
    addEventListener('pagehide', () => {
      const incoming = this.incoming.get()
      incoming?.decline()
      if (incoming) this.#miss(incoming.remote)
      this.leave()
    })
  }

  /** Shows me my own picture first. */
  prepare(who: PeerId): void {
    const state = this.state.get()
    if (state.at === 'talking' || state.at === 'calling') {
      this.isSmall.set(false)
      return
    }
    this.#become({ at: 'preparing', with: who })
    this.capture.open().catch(reportError)
  }

  async call(who: PeerId): Promise<void> {
    // They called first: accept their call.
    if (this.incoming.get()?.remote === who) return this.accept()
    const giveUp = new AbortController()
    const state: CallState = { at: 'calling', with: who, giveUp }
    this.#become(state)
    this.capture.open().catch(reportError)
    try {
      const params: CallParams = { call: crypto.randomUUID() }
      const media = await this.#peer.openMedia(who, CALL, { signal: giveUp.signal, params })
      if (this.state.get() === state) this.#openStates(this.#talk(media, 'me')).catch(reportError)
      else media.close()
    } catch (error) {
      if (this.state.get() === state) this.#fail(who, endOf(error))
      else if (codeOf(error) === undefined) reportError(error)
    }
  }

  accept(): void {
    const incoming = this.incoming.get()
    if (!incoming) return
    this.incoming.set(undefined)
    this.#answer(incoming)
  }

  decline(): void {
    const incoming = this.incoming.get()
    if (!incoming) return
    incoming.decline()
    this.incoming.set(undefined)
    this.#note(incoming.remote, { caller: 'them', outcome: { how: 'declined' } })
  }

  /** Ends any state: preparing, ringing, the call, or the screen about its end. */
  leave(): void {
    this.#become(NONE)
    this.capture.close()
  }

  #ring(incoming: IncomingMedia): void {
    const who = incoming.remote
    const state = this.state.get()
    const ringing = this.incoming.get()
    if (state.at === 'calling' && state.with === who) {
      // We call each other: both sides take the call of the lower PeerId, without ringing. The other call is given up by its caller.
      if (who < this.#peer.id) this.#answer(incoming)
      return
    }
    const isBusy = state.at === 'calling' || (state.at === 'talking' && state.with !== who) || (ringing && ringing.remote !== who)
    if (isBusy) {
      this.news.set({ what: 'turned-away', who })
      this.#miss(who)
      this.#turnAway(incoming).catch(reportError)
      return
    }
    // A second call from the same contact comes from a new page; the earlier call belongs to a page that was closed.
    ringing?.decline()
    this.incoming.set(incoming)
    const gone = () => {
      if (this.incoming.get() !== incoming) return
      this.incoming.set(undefined)
      this.news.set({ what: 'missed', who })
      this.#miss(who)
    }
    incoming.closed.then(gone, gone)
  }

  #answer(incoming: IncomingMedia): void {
    let media: Media
    try {
      media = incoming.accept()
    } catch (error) {
      if (codeOf(error) !== 'closed') throw error
      this.news.set({ what: 'missed', who: incoming.remote })
      this.#miss(incoming.remote)
      return
    }
    this.#talk(media, 'them')
    // The call does not wait for camera and microphone: without either one is in the call all the same.
    this.capture.open().catch(reportError)
  }

  #talk(media: Media, caller: LiveCall['caller']): LiveCall {
    const call = new LiveCall(media, caller, this.capture)
    this.#become({ at: 'talking', with: media.remote, call })
    const isThis = () => {
      const state = this.state.get()
      return state.at === 'talking' && state.call === call
    }
    const hungUp = () => {
      if (!isThis()) return
      this.leave()
      this.news.set({ what: 'hung-up', who: media.remote })
    }
    media.closed.then(hungUp, (error: unknown) => {
      // A page that is closed resets its streams.
      if (codeOf(error) === 'closed' || codeOf(error) === 'reset') hungUp()
      else if (isThis()) this.#fail(media.remote, 'lost')
    })
    return call
  }

  async #openStates(call: LiveCall): Promise<void> {
    const { remote, params } = call.media
    try {
      await call.exchangeStates(await this.#peer.open(remote, CALL_STATE, { params }))
    } catch (error) {
      // Their page has no such protocol, or the call is over: only the tracks show their state.
      if (codeOf(error) === undefined) throw error
    }
  }

  async #hearState(stream: Stream): Promise<void> {
    const state = this.state.get()
    const call = state.at === 'talking' && state.with === stream.remote ? callOf(stream.params) : undefined
    // For a call that is over, or for none.
    if (state.at !== 'talking' || call === undefined || call !== callOf(state.call.media.params)) stream.reset()
    else await state.call.exchangeStates(stream)
  }

  #miss(who: PeerId): void {
    this.#note(who, { caller: 'them', outcome: { how: 'missed' } })
  }

  #fail(who: PeerId, why: CallEnd): void {
    this.#become({ at: 'over', with: who, why })
    this.capture.close()
  }

  #become(state: CallState): void {
    const before = this.state.get()
    this.isSmall.set(false)
    // Earlier events are no longer shown.
    if (state.at !== 'none') this.news.set(undefined)
    this.state.set(state)
    if (before.at === 'talking') {
      const { call } = before
      call.end()
      this.#note(before.with, { caller: call.caller, outcome: { how: 'answered', lastedMs: Date.now() - call.startedAt } })
    }
    if (before.at === 'calling') {
      before.giveUp.abort()
      if (state.at !== 'talking') this.#note(before.with, { caller: 'me', outcome: { how: 'unanswered' } })
    }
  }

  async #turnAway(incoming: IncomingMedia): Promise<void> {
    try {
      const stream = await this.#peer.open(incoming.remote, BUSY, { timeoutMs: BUSY_TIMEOUT_MS })
      await stream.writable.close()
    } catch (error) {
      // The reason could not be delivered.
      if (codeOf(error) === undefined) throw error
    } finally {
      incoming.decline()
    }
  }

  #hearBusy(stream: Stream): Promise<void> {
    const who = stream.remote
    const state = this.state.get()
    // It may arrive before or after the call is declined.
    const isAboutIt = state.at === 'calling' || (state.at === 'over' && state.why === 'declined')
    if (isAboutIt && state.with === who) this.#fail(who, 'busy')
    return stream.writable.close()
  }

  /** Plays the tone of the current state. */
  #sound(): void {
    const kind: ToneKind | undefined = this.incoming.get() ? 'called' : this.state.get().at === 'calling' ? 'calling' : undefined
    if (this.#tone?.kind === kind) return
    this.#tone?.stop()
    this.#tone = kind && { kind, stop: playTone(kind) }
  }
}

interface CallParams {
  /** Chosen by the caller: tells this call from others between the two. */ readonly call: string
}

/** The call's id as the remote gives it; undefined where there is none. */
function callOf(params: unknown): string | undefined {
  return typeof params === 'object' && params !== null && 'call' in params && typeof params.call === 'string'
    ? params.call
    : undefined
}

function endOf(error: unknown): CallEnd {
  const code = codeOf(error)
  switch (code) {
    case 'refused':
      return 'declined'
    case 'timeout':
    case 'no-answer':
      return 'no-answer'
    case 'no-relay':
    case 'unreachable':
    case 'needs-turn':
    case 'lost':
      return code
    case 'unsupported-protocol':
      return 'no-calls'
    case undefined:
      reportError(error)
      return 'failed'
    default:
      return 'failed'
  }
}

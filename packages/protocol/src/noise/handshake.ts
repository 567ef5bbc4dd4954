/**
 * The Noise Protocol Framework (revision 34; § refers to it) as Kith uses it: one suite, `25519_ChaChaPoly_SHA256`, and the
 * patterns of pattern.ts. Private keys live elsewhere, in WebCrypto for example, so writing and reading a message are generators:
 * each yields what it asks of a private key and goes on with the answer.
 *
 * A method works on a copy of the state and replaces it only when all went well. So a message that is refused, for any reason,
 * leaves the handshake where it was, waiting for the right one: carriers deliver junk, and anyone may send it.
 */
import { concat } from '../bytes/bytes.ts'
import { Reader } from '../bytes/reader.ts'
import { KithError, violation } from '../errors.ts'
import type { Bytes } from '../machine.ts'
import type { Cipher } from './cipher.ts'
import {
  hasStatic,
  otherThan,
  PATTERNS,
  type Pattern,
  type PatternName,
  protocolName,
  type Role,
  type Token,
  turnOf,
} from './pattern.ts'
import { SymmetricState } from './symmetric-state.ts'

/** §4.1: X25519. */
const KEY_BYTES = 32
/** §4.2: Poly1305's tag. */
const TAG_BYTES = 16
/** §3: no Noise message is longer. */
const MESSAGE_MAX_BYTES = 65_535

/** Names an ephemeral key pair of ours towards the holder of private keys. */
export type KeyNumber = number

/** What a handshake asks of the holder of private keys. The answer is 32 bytes. */
export type KeyRequest =
  /** Draw a fresh X25519 pair and keep it under `key`. Answer: its public key. */
  | { readonly type: 'draw'; readonly key: KeyNumber }
  /** Answer: the X25519 shared secret of this key of ours with `remote`. Fails with 'peer-violation' when it would be all zero. */
  | { readonly type: 'agree'; readonly key: KeyNumber | 'static'; readonly remote: Bytes }

/** Yields requests, takes their answers, returns the result. A request that fails is thrown into it. */
export type KeySteps<Result = Bytes> = Generator<KeyRequest, Result, Bytes>

export interface HandshakeOptions {
  readonly pattern: PatternName
  readonly role: Role
  /** Both sides must give the same bytes, or the first message is refused. */
  readonly prologue: Uint8Array
  /** For the one ephemeral pair that this handshake draws. */
  readonly ephemeral: KeyNumber
  /** Our static X25519 public key, 32 bytes, for patterns in which we have one. */
  readonly local?: Uint8Array
  /** The other's static X25519 public key, 32 bytes, where it is known beforehand. */
  readonly remote?: Uint8Array
  /** 32 bytes, for psk patterns. */
  readonly psk?: Uint8Array
}

/** What both ends have once the handshake is complete. */
export interface NoiseSession {
  readonly send: Cipher
  readonly receive: Cipher
  /** The handshake hash (§11.2), 32 bytes: names this session; not secret. */
  readonly hash: Bytes
  /** 32 secret bytes that bind other channels to this session: the third output of Split's HKDF. */
  readonly bindKey: Bytes
}

/** Throws 'invalid-argument' when a key that the pattern needs is missing, superfluous or not 32 bytes. */
export function createHandshake(options: HandshakeOptions): Handshake {
  const pattern: Pattern = PATTERNS[options.pattern]
  const { role, local, remote, psk, ephemeral } = options
  need('local', local, hasStatic(pattern, role))
  need('remote', remote, pattern.preMessages.includes(otherThan(role)))
  need('psk', psk, pattern.messages.flat().includes('psk'))

  // §5.3 Initialize: the name, the prologue, then the static keys that are known beforehand, the initiator's first.
  const symmetric = new SymmetricState(protocolName(options.pattern))
  symmetric.mixHash(options.prologue)
  for (const whose of pattern.preMessages) symmetric.mixHash((whose === role ? local : remote) ?? EMPTY)

  const party: Party = { pattern, role, ephemeral, local: local && new Uint8Array(local), psk: psk && new Uint8Array(psk) }
  return new Handshake(party, { symmetric, turn: 0, remoteStatic: remote && new Uint8Array(remote) })
}

/** What stays the same from the first message to the last. */
interface Party {
  readonly pattern: Pattern
  readonly role: Role
  readonly ephemeral: KeyNumber
  readonly local: Bytes | undefined
  readonly psk: Bytes | undefined
}

/** What each message replaces. */
interface State {
  readonly symmetric: SymmetricState
  /** Messages written and read so far. */
  turn: number
  /** The public half of ours, once it is drawn. */
  ephemeral?: Bytes
  remoteEphemeral?: Bytes
  remoteStatic?: Bytes | undefined
}

export class Handshake {
  readonly #party: Party
  #state: State

  /** Made by `createHandshake`. */
  constructor(party: Party, state: State) {
    this.#party = party
    this.#state = state
  }

  /** Whether all messages have passed: then `split`. */
  get complete(): boolean {
    return this.#state.turn === this.#party.pattern.messages.length
  }

  /** The other's static X25519 key, 32 bytes: given at first, or read from a message. Proved only by a message that uses it. */
  get remoteStatic(): Bytes | undefined {
    return this.#state.remoteStatic?.slice()
  }

  /** An independent handshake in the same state: several instances may answer one first message. */
  fork(): Handshake {
    return new Handshake(this.#party, copyOf(this.#state))
  }

  /**
   * §5.3 WriteMessage: the next message, with `payload` in it. Throws 'too-large' beyond 65,535 bytes in all, and
   * 'invalid-argument' out of turn; the state is then unchanged.
   */
  *writeMessage(payload: Uint8Array): KeySteps {
    const before = this.#state
    const tokens = this.#tokens(this.#party.role)
    if (tokens === undefined) throw new KithError('invalid-argument', 'It is not our turn to write.')
    const state = copyOf(before)
    const parts: Bytes[] = []
    for (const token of tokens) {
      const part = yield* write(this.#party, state, token)
      if (part) parts.push(part)
    }
    parts.push(state.symmetric.encryptAndHash(payload))
    const message = concat(...parts)
    if (message.length > MESSAGE_MAX_BYTES) throw new KithError('too-large', `a Noise message of ${message.length} bytes`)
    this.#commit(before, state)
    return message
  }

  /**
   * §5.3 ReadMessage: the payload. Throws 'peer-violation' for a message that is damaged, out of turn, or not for us; the state
   * is then unchanged, and the right message can still come.
   */
  *readMessage(message: Uint8Array): KeySteps {
    const before = this.#state
    const tokens = this.#tokens(otherThan(this.#party.role))
    if (tokens === undefined) throw violation('a handshake message out of turn')
    if (message.length > MESSAGE_MAX_BYTES) throw violation(`a Noise message of ${message.length} bytes`)
    const state = copyOf(before)
    const reader = new Reader(message)
    for (const token of tokens) yield* read(this.#party, state, token, reader)
    const payload = state.symmetric.decryptAndHash(reader.rest())
    this.#commit(before, state)
    return payload
  }

  /** §5.2 Split. Throws 'invalid-argument' before the handshake is complete. Each call gives equal ciphers: split once. */
  split(): NoiseSession {
    if (!this.complete) throw new KithError('invalid-argument', 'The handshake is not complete.')
    const { initiator, responder, bindKey } = this.#state.symmetric.split()
    const [send, receive] = this.#party.role === 'initiator' ? [initiator, responder] : [responder, initiator]
    return { send, receive, hash: this.#state.symmetric.hash, bindKey }
  }

  /** The tokens of the next message, if it is `writer`'s. */
  #tokens(writer: Role): readonly Token[] | undefined {
    const { turn } = this.#state
    return turnOf(turn) === writer ? this.#party.pattern.messages[turn] : undefined
  }

  /** Two calls at once would both go on from `before`, and two messages be sealed under one key and nonce: the later one fails. */
  #commit(before: State, state: State): void {
    if (this.#state !== before) throw new KithError('invalid-argument', 'Another message was handled meanwhile.')
    state.turn += 1
    this.#state = state
  }
}

function copyOf(state: State): State {
  return { ...state, symmetric: state.symmetric.copy() }
}

/** §5.3: what a token adds to a message that we write. */
function* write(party: Party, state: State, token: Token): KeySteps<Bytes | undefined> {
  switch (token) {
    case 'e':
      state.ephemeral = yield { type: 'draw', key: party.ephemeral }
      mixEphemeral(party, state, state.ephemeral)
      return state.ephemeral
    case 's':
      return state.symmetric.encryptAndHash(known(party.local))
    default:
      yield* mix(party, state, token)
      return undefined
  }
}

/** §5.3: what a token takes from a message that we read. */
function* read(party: Party, state: State, token: Token, reader: Reader): KeySteps<void> {
  switch (token) {
    case 'e':
      state.remoteEphemeral = reader.take(KEY_BYTES)
      mixEphemeral(party, state, state.remoteEphemeral)
      return
    case 's':
      // A tag comes with it: in our patterns a key was agreed on before any static is sent.
      state.remoteStatic = state.symmetric.decryptAndHash(reader.view(KEY_BYTES + TAG_BYTES))
      return
    default:
      yield* mix(party, state, token)
  }
}

/** §9.2: in psk handshakes an ephemeral key is mixed into the key as well, so that no two messages share one. */
function mixEphemeral(party: Party, state: State, publicKey: Bytes): void {
  state.symmetric.mixHash(publicKey)
  if (party.psk) state.symmetric.mixKey(publicKey)
}

/**
 * Tokens that put nothing into the message: the first letter is the initiator's key, the second the responder's. §12.1 leaves the
 * all-zero result to the implementation; ours refuses it, as RFC 7748 §6.1 allows: nothing honest gives it.
 */
function* mix(party: Party, state: State, token: Exclude<Token, 'e' | 's'>): KeySteps<void> {
  switch (token) {
    case 'psk':
      state.symmetric.mixKeyAndHash(known(party.psk))
      return
    case 'ee':
      state.symmetric.mixKey(yield agree(party.ephemeral, state.remoteEphemeral))
      return
    case 'ss':
      state.symmetric.mixKey(yield agree('static', state.remoteStatic))
      return
    case 'es':
    case 'se': {
      const isOurEphemeral = (token === 'es') === (party.role === 'initiator')
      const request = isOurEphemeral ? agree(party.ephemeral, state.remoteStatic) : agree('static', state.remoteEphemeral)
      state.symmetric.mixKey(yield request)
    }
  }
}

function agree(key: KeyNumber | 'static', remote: Bytes | undefined): KeyRequest {
  return { type: 'agree', key, remote: known(remote) }
}

const EMPTY: Bytes = new Uint8Array(0)

/** What `createHandshake` or an earlier token has put there: patterns are valid (§7.3), so its absence is a bug of ours. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('the pattern uses a key before it has one')
  return value
}

function need(name: string, key: Uint8Array | undefined, needed: boolean): void {
  if (needed !== (key !== undefined)) {
    throw new KithError('invalid-argument', needed ? `this pattern needs '${name}'` : `this pattern has no use for '${name}'`)
  }
  if (key !== undefined && key.length !== KEY_BYTES)
    throw new KithError('invalid-argument', `'${name}' must be ${KEY_BYTES} bytes`)
}

/**
 * The invite link's fragment: base64url (no padding) of msgpack [1, secret 16, relays, expiry, name, checksum 4]. A fragment never
 * leaves the browser, so the server that gives out the page does not learn the secret.
 *
 * The checksum is the start of the SHA-256 of the same struct without it, [1, secret, relays, expiry, name], in the form that `pack`
 * gives it. Links are copied by hand, cut, wrapped and lower-cased on their way: without it most such damage yields another secret
 * or another relay's address. Links of earlier builds have none and are read as before.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { base64urlnopad } from '@scure/base'
import { concat, equal } from '../bytes/bytes.ts'
import { type Fields, pack, unpackFields } from '../bytes/struct.ts'
import { KithError } from '../errors.ts'
import { INVITE_MAX_LENGTH, INVITE_RELAYS_MAX, NAME_MAX_LENGTH } from '../limits.ts'
import type { Bytes, Millis } from '../machine.ts'

export interface InviteLink {
  /** 16 random bytes: who has them can find the inviter, once, until it expires. */
  secret: Bytes
  /** Where the inviter waits: ws: or wss: URLs, at most INVITE_RELAYS_MAX; none when only this browser's tabs are meant. */
  relays: string[]
  expiresAt: Millis
  /** What the inviter calls themselves: shown, never trusted. At most NAME_MAX_LENGTH UTF-16 units, NFC. */
  name: string
}

const VERSION = 1
const SECRET_BYTES = 16

/** Damage goes unnoticed once in 2³². */
const CHECKSUM_BYTES = 4

/** msgpack's header of an array of six. */
const SIX = 0x96

/** RFC 6455 §3, in the form that `new URL` prints: scheme, host, port, path, query; no user, no fragment, no white space. */
const RELAY_URL = /^wss?:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:[/?][\x21\x22\x24-\x7e]*)?$/

/** The fragment of a link, without '#'. The name is brought to NFC and cut. Throws 'invalid-argument' for what decode would refuse. */
export function encodeInvite(invite: InviteLink): string {
  const { secret, relays, expiresAt } = invite
  if (secret.length !== SECRET_BYTES)
    throw new KithError('invalid-argument', `The secret of an invitation has ${SECRET_BYTES} bytes.`)
  if (!Number.isSafeInteger(expiresAt) || expiresAt < 0)
    throw new KithError('invalid-argument', 'expiresAt must be whole milliseconds since 1970.')
  const refusal = relaysRefusal(relays)
  if (refusal !== undefined) throw new KithError('invalid-argument', `An invitation cannot be made: ${refusal}.`)
  const body = bodyOf({ ...invite, name: cutName(invite.name) })
  const fragment = base64urlnopad.encode(concat(Uint8Array.of(SIX), body.subarray(1), pack(checksumOf(body))))
  if (fragment.length > INVITE_MAX_LENGTH)
    throw new KithError('invalid-argument', 'The addresses of the relays are too long for a link: name fewer.')
  return fragment
}

/**
 * Reads a fragment, with or without its '#'. Whether it has expired is for the caller, who has a clock; that a relay's URL has the
 * shape of one does not mean that `new URL` will take it. Throws 'invalid-invite' with a sentence for the person who opened the link.
 */
export function decodeInvite(fragment: string): InviteLink {
  const text = fragment.startsWith('#') ? fragment.slice(1) : fragment
  if (text.length === 0) throw invalid('This link holds no invitation.')
  if (text.length > INVITE_MAX_LENGTH) throw invalid('This invitation is too long to be one of ours.')
  const bytes = read(() => base64urlnopad.decode(text))
  const fields = read(() => unpackFields(bytes))
  if (read(() => fields.integer()) !== VERSION) throw invalid('This invitation was made by another version of Kith.')
  const invite = read(() => ({
    secret: fields.bytes(SECRET_BYTES),
    relays: fields.list(INVITE_MAX_LENGTH, (relay) => relay.text(INVITE_MAX_LENGTH)),
    expiresAt: fields.integer(),
    name: fields.text(NAME_MAX_LENGTH),
  }))
  checkWhole(bytes, invite, fields)
  const refusal = relaysRefusal(invite.relays)
  if (refusal !== undefined) throw invalid(`This invitation cannot be used: ${refusal}.`)
  if (invite.name !== cutName(invite.name)) throw invalid('This invitation is damaged: its name is not plain text.')
  return invite
}

/** Throws 'invalid-invite' where there is a checksum and it does not fit. */
function checkWhole(bytes: Uint8Array, invite: InviteLink, fields: Fields): void {
  const checksum = read(() => fields.optional(() => fields.bytes(CHECKSUM_BYTES)))
  if (checksum === undefined && bytes[0] !== SIX) return
  const body = bodyOf(invite)
  // One spelling: a changed byte that means the same, as msgpack has several forms of a number, is damage too.
  const asMade = equal(bytes.subarray(1, body.length), body.subarray(1))
  if (!asMade || checksum === undefined || !equal(checksum, checksumOf(body))) throw damaged()
}

function bodyOf({ secret, relays, expiresAt, name }: InviteLink): Bytes {
  return pack([VERSION, secret, relays, expiresAt, name])
}

const checksumOf = (body: Bytes): Bytes => sha256(body).slice(0, CHECKSUM_BYTES) as Bytes

/** What the decoders call a violation is, in a link, just a broken link. */
function read<T>(take: () => T): T {
  try {
    return take()
  } catch (cause) {
    throw damaged(cause)
  }
}

function relaysRefusal(relays: readonly string[]): string | undefined {
  if (relays.length > INVITE_RELAYS_MAX) return `it names more than ${INVITE_RELAYS_MAX} relays`
  const bad = relays.find((relay) => !RELAY_URL.test(relay))
  return bad === undefined ? undefined : 'a relay in it has no ws: or wss: address'
}

/** NFC, well formed, at most NAME_MAX_LENGTH: a pair that the cut broke goes altogether. */
function cutName(name: string): string {
  const wellFormed = name.normalize('NFC').replace(/\p{Surrogate}/gu, '\ufffd')
  return wellFormed.slice(0, NAME_MAX_LENGTH).replace(/\p{Surrogate}$/u, '')
}

function damaged(cause?: unknown): KithError {
  return invalid('This link is damaged: part of it is missing or was changed. Copy it again, whole, or ask for another.', cause)
}

function invalid(sentence: string, cause?: unknown): KithError {
  return new KithError('invalid-invite', sentence, { cause })
}

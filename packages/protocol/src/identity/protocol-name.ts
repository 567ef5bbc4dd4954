import { KithError } from '../errors.ts'
import { PROTOCOL_NAME_MAX_LENGTH } from '../limits.ts'

/** The language of a conversation: '/voice/rtp', '/doc/automerge/v2'. */
export type ProtocolName = `/${string}`

/** Segments of at least one character: '/' alone, '//' and a trailing '/' would make two spellings of one name. */
const FORM = /^(?:\/[A-Za-z0-9._-]+)+$/

/** Whether `text` starts with '/', has 1–128 of [A-Za-z0-9._/-], and no empty segment. */
export function isProtocolName(text: string): text is ProtocolName {
  return typeof text === 'string' && text.length <= PROTOCOL_NAME_MAX_LENGTH && FORM.test(text)
}

/** `text` as a ProtocolName. Throws 'invalid-protocol'. */
export function parseProtocolName(text: string): ProtocolName {
  if (!isProtocolName(text)) {
    const form = `'/' and segments of [A-Za-z0-9._-], at most ${PROTOCOL_NAME_MAX_LENGTH} characters, as '/chat/v1'`
    throw new KithError('invalid-protocol', `A protocol name is ${form}.`)
  }
  return text
}

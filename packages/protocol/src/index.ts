/** The half of Kith that decides. Grouped by room, from the ground floor up; what is not listed here is a room's own affair. */

// ── floor 0: machine, errors, limits ──

export { type ErrorCode, type ErrorSource, KithError, type KithErrorJson, type KithErrorOptions, violation } from './errors.ts'
export * from './limits.ts'
export type { Bytes, Machine, Millis, Random } from './machine.ts'
export { TokenBucket } from './token-bucket.ts'

// ── bytes ──

export { compare, concat, equal, fromHex, fromUtf8, hex, utf8 } from './bytes/bytes.ts'
export { Reader } from './bytes/reader.ts'
export { Fields, type Packable, pack, unpack, unpackFields } from './bytes/struct.ts'
export { varintLength, Writer } from './bytes/writer.ts'

// ── identity ──

export { type AddressKeys, addressKeys, addressOf, bindMessage, signBind, verifyBind } from './identity/address.ts'
export {
  type IdentityKeys,
  identityFromSeed,
  identitySeed,
  type KeyAgreement,
  keyAgreementOf,
  verify,
  x25519PublicKey,
  x25519SecretKey,
} from './identity/keys.ts'
export { isPeerId, type PeerId, parsePeerId, peerIdOf, publicKeyOf } from './identity/peer-id.ts'
export { isProtocolName, type ProtocolName, parseProtocolName } from './identity/protocol-name.ts'
export { safetyNumber } from './identity/safety-number.ts'

// ── noise ──

export { Cipher } from './noise/cipher.ts'
export type { KeyNumber, NoiseSession } from './noise/handshake.ts'
export type { PatternName } from './noise/pattern.ts'

// ── rendezvous ──

export { epochOf, epochsAround } from './rendezvous/epoch.ts'
export { decodeInvite, encodeInvite, type InviteLink } from './rendezvous/invite-link.ts'
export { paddedCount } from './rendezvous/padding.ts'
export type { AddressInput, Route, Way } from './rendezvous/way.ts'
export { contactWay } from './rendezvous/ways/contact.ts'
export { inviteMark, inviteWay } from './rendezvous/ways/invite.ts'

// ── relay ──

export { OTHER_DAY_RANK } from './relay/bound-set.ts'
export { RelayClient } from './relay/client.ts'
export type {
  BindProof,
  RelayClientConfig,
  RelayClientInput,
  RelayClientOutput,
  RelayClientState,
} from './relay/client-io.ts'
export type { RelayCounters } from './relay/counters.ts'
export {
  type Bind,
  type ClientFrame,
  decodeClientFrame,
  decodeRelayFrame,
  encodeClientFrame,
  encodeRelayFrame,
  type IceServer,
  type Notice,
  type RelayFrame,
} from './relay/frames.ts'
export { RELAY_LIMITS, type RelayLimits } from './relay/limits.ts'
export { RelayMachine } from './relay/machine.ts'
export type { CloseReason, RelayConfig, RelayInput, RelayOutput, SocketId } from './relay/machine-io.ts'
export { Outbox } from './relay/outbox.ts'

// ── dial ──

export {
  type Candidate,
  type CandidatePolicy,
  formatCandidate,
  mayCross,
  packCandidate,
  parseCandidate,
  readCandidate,
} from './dial/candidate.ts'
export type { DialConfig } from './dial/context.ts'
export { packDescription, readDescription, type TransportDescription } from './dial/description.ts'
export { type DialCounters, Dialer } from './dial/dialer.ts'
export type {
  DialInput,
  DialNumber,
  DialOutput,
  DialPeer,
  Doorstep,
  Introduced,
  Introduction,
  Reply,
  Verdict,
} from './dial/io.ts'
export type { Presence } from './dial/messages.ts'
export { confirmation, type Role } from './dial/proof.ts'

// ── mux ──

export type { DatagramStats } from './mux/flow.ts'
export { decodeFrame, type Frame, REJECT_CODES, type Scope, type StreamKind } from './mux/frames.ts'
export type { LaneName } from './mux/lane-queue.ts'
export { unpackMessage } from './mux/packing.ts'
export { SPARSE_BYTES } from './mux/scheduler.ts'
export type { ServedProtocols } from './mux/served.ts'
export type { MuxStream, OpenRequest } from './mux/stream.ts'
export { remoteEnd, STREAM_CODES } from './mux/stream-codes.ts'

// ── session ──

export {
  CONFIRMATION_BYTES,
  type ControlMessage,
  decodeControl,
  encodeControl,
  INSTANCE_BYTES,
  type OpaqueType,
} from './session/control.ts'
export { FEATURES, type Feature } from './session/features.ts'
export type { SessionConfig, SessionInput, SessionOutput } from './session/io.ts'
export { Session } from './session/session.ts'

/** The script-tag build: `<script src="kith.global.js">` makes `window.Kith` of this. */
export {
  createPeer,
  isPeerId,
  isProtocolName,
  KithError,
  linkKind,
  messages,
  parsePeerId,
  readInvite,
  STREAM_CODES,
  verify,
} from './index.ts'

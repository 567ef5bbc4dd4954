/**
 * No bundler can tell which methods of a class are never called, so a library's class is shipped whole, with all that they call.
 * Here stand the methods, and the functions handed out in an object, that nothing reaches from what Kith calls, and those that do
 * nothing for it, as those by which a library judges its own constants; they are cut out of the source before it is bundled. The
 * rest is as published: above all, no check of what comes in is touched. In the browser tests it is the cut source that runs, so
 * that a method cut by mistake is a test that fails; what the demo alone calls, only its end-to-end tests tell.
 *
 * A method that is not found stops the build: with a new version of the library, this list is read again.
 */
import type { Plugin } from 'vite'

interface Unused {
  /** Never called. */
  readonly absent: readonly string[]
  /** Called, to no effect that anyone sees: these stay, without a body. */
  readonly idle: readonly string[]
}

const UNUSED: Readonly<Record<string, Unused>> = {
  // Bytes go through channels of ours, and a lane's 'open' is what counts: its stream, its 'connect' (with what it finds out about
  // the path first), its wait for candidates when they may not trickle, and tracks, with the answerer's request for more of them.
  // Of the connection's states it is never told.
  '/node_modules/simple-peer/index.js': {
    absent: [
      'get bufferSize',
      'get connected',
      'address',
      'send',
      'addTrack',
      'replaceTrack',
      'removeTrack',
      'removeStream',
      '_read',
      '_write',
      'getStats',
      '_onInterval',
      'addTransceiver',
      '_debug',
    ],
    idle: [
      'addStream',
      '_requestMissingTransceivers',
      '_maybeReady',
      '_onFinish',
      '_onChannelMessage',
      '_onChannelBufferedAmountLow',
      '_onTrack',
      '_onChannelOpen',
      '_onConnectionStateChange',
      '_onIceStateChange',
      '_startIceCompleteTimeout',
    ],
  },
  // Streams of values; bigints; extensions, the built-in one for dates among them (the limit of 0 bytes refuses one before it is read);
  // the cache of keys, which we turn off; the copy of itself that a codec makes when an extension of ours calls it again.
  '/node_modules/@msgpack/msgpack/dist.esm/Decoder.mjs': {
    absent: [
      'clone',
      'appendBuffer',
      '*decodeMulti',
      'async decodeAsync',
      'decodeArrayStream',
      'decodeStream',
      'async *decodeMultiAsync',
      'readArraySize',
      'readU64AsBigInt',
      'readI64AsBigInt',
    ],
    idle: [],
  },
  '/node_modules/@msgpack/msgpack/dist.esm/Encoder.mjs': {
    absent: [
      'clone',
      'encodeSharedRef',
      'encodeBigInt64',
      'countWithoutUndefined',
      'encodeExtension',
      'writeBigUint64',
      'writeBigInt64',
      'writeF32',
    ],
    idle: [],
  },
  '/node_modules/@msgpack/msgpack/dist.esm/ExtensionCodec.mjs': {
    absent: ['register', 'decode'],
    idle: ['constructor', 'tryToEncode'],
  },
  '/node_modules/@msgpack/msgpack/dist.esm/CachedKeyDecoder.mjs': {
    absent: ['canBeCached', 'find', 'store', 'decode'],
    idle: ['constructor'],
  },
  // Square roots: Curve25519 brings its own way to divide and take the root at once. That there is a 'sqrt' is checked.
  '/node_modules/@noble/curves/abstract/modular.js': {
    absent: ['invertBatch', 'cmov'],
    idle: ['sqrt', 'export function FpSqrtEven', 'export function validateField'],
  },
  // Points as hex, and keys made, or judged, there: ours come from seeds of our own, and 'fromBytes' judges. That there is a
  // 'fromHex' is checked.
  '/node_modules/@noble/curves/abstract/edwards.js': {
    absent: ['get x', 'assertValidity', 'toHex', 'toString'],
    idle: ['static fromHex', 'function randomSecretKey', 'function isValidSecretKey', 'function isValidPublicKey'],
  },
  // A secret times any point but the base, as Edwards curves have it: a shared secret is made by 'montgomery.js'. What is called
  // to judge the curve itself, which is the library's own: points, scalars and encodings are judged as before.
  '/node_modules/@noble/curves/abstract/curve.js': {
    absent: ['hasWindowSize', 'fixedWindowCT'],
    idle: [
      'export function createKeygen',
      'export function validatePointCons',
      'function validateW',
      'function validateTableBytes',
    ],
  },
  '/node_modules/@noble/curves/utils.js': { absent: [], idle: ['export function validateObject'] },
  '/node_modules/@noble/hashes/_md.js': { absent: ['clone'], idle: [] },
  '/node_modules/@noble/hashes/utils.js': { absent: [], idle: ['export function ahash'] },
  '/node_modules/@noble/hashes/hmac.js': { absent: ['clone', '_cloneInto'], idle: [] },
  // Iteration over cursors: we ask for keys and values only.
  '/node_modules/idb/build/index.js': { absent: [], idle: ['async function* iterate', 'function isIteratorProp'] },
}

/** A Vite plugin, for builds and browser tests. */
export function unusedMethods(): Plugin {
  return {
    name: 'kith:unused-methods',
    enforce: 'pre',
    // Pre-bundled, a library would not pass through here.
    config: () => ({ optimizeDeps: { exclude: ['@msgpack/msgpack', '@noble/curves', '@noble/hashes', 'idb'] } }),
    transform(code, id) {
      const path = (id.split('?')[0] ?? id).replaceAll('\\', '/')
      const library = Object.keys(UNUSED).find((suffix) => path.endsWith(suffix))
      const unused = library === undefined ? undefined : UNUSED[library]
      return unused === undefined ? null : { code: without(code, unused, id), map: null }
    },
  }
}

function without(code: string, { absent, idle }: Unused, id: string): string {
  return [...absent, ...idle].reduce((rest, method) => {
    // From a method's first line to the bracket that closes it, which has the same indentation.
    const name = method.replaceAll('*', '\\*')
    const text = new RegExp(`^( *)(${name} ?\\([^)\\n]*\\)) \\{(?:\\}|[^]*?\\n\\1\\})$`, 'm')
    if (!text.test(rest)) throw new Error(`${id} has no method '${method}' any more.`)
    return rest.replace(text, idle.includes(method) ? '$1$2 {}' : '')
  }, code)
}

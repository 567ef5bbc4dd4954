/**
 * Cuts methods out of two libraries before they are bundled, since no bundler can tell which methods of a class are never called. What is
 * cut is listed here: methods that nothing reaches from what Kith calls ('absent'), and those that Kith calls to no effect ('idle').
 * Everything else is as published; no check of input is touched. The browser tests run the cut source, so a method cut by mistake fails a
 * test. A method that is not found stops the build: with a new version of the library, read this list again.
 *
 * The script tag is 1.5 KiB gzip smaller for each of the two. Libraries that were audited (@noble/*, @scure/base) are not cut.
 */
import type { Plugin } from 'vite'

interface Unused {
  /** Never called. */
  readonly absent: readonly string[]
  /** Called, to no effect for Kith: these stay, without a body. */
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
}

/** A Vite plugin, for builds and browser tests. */
export function unusedMethods(): Plugin {
  return {
    name: 'kith:unused-methods',
    enforce: 'pre',
    // Pre-bundled, a library would not pass through here.
    config: () => ({ optimizeDeps: { exclude: ['@msgpack/msgpack'] } }),
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

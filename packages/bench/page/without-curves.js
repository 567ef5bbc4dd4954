// Runs before everything else in a page that shall look like a browser whose WebCrypto lacks Ed25519 and X25519.
const LACKING = new Set(['Ed25519', 'X25519'])
for (const method of ['importKey', 'generateKey', 'sign', 'verify', 'deriveBits', 'deriveKey']) {
  const original = SubtleCrypto.prototype[method]
  SubtleCrypto.prototype[method] = function (...parameters) {
    const isLacking = parameters.some((parameter) => LACKING.has(parameter?.name ?? parameter))
    if (isLacking) return Promise.reject(new DOMException('Unrecognized algorithm name', 'NotSupportedError'))
    return original.apply(this, parameters)
  }
}

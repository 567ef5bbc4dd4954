/** Stands in for err-code. A new Error, because `code` of a DOMException, which most causes are, cannot be set. */
const errCode = (cause: Error, code: string): Error & { code: string } =>
  Object.assign(new Error(cause.message, { cause }), { code })
export default errCode

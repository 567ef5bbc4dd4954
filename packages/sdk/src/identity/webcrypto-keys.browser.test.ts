// The same suite in a real browser: it is the browser's WebCrypto that will hold the keys.
import './webcrypto-keys.test.ts'

/** Stands in for randombytes: simple-peer draws a name for its log lines and one for its channel, which we name ourselves. */
const randombytes = (): string => ''
export default randombytes

/** Stands in for debug: simple-peer's log lines name addresses and descriptions, which belong in no console. */
const debug = (): (() => void) => () => {}
export default debug

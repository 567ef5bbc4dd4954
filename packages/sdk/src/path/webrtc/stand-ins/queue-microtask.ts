/** Stands in for queue-microtask, a polyfill: every browser with WebRTC streams has the real one. */
const queue = (task: () => void): void => queueMicrotask(task)
export default queue

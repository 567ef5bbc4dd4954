/** Stands in for get-browser-rtc: we always say which WebRTC to use (`wrtc`), so there is nothing to look for. */
const getBrowserRTC = (): null => null
export default getBrowserRTC

import { createNegotiator, type NegotiatorOptions } from '@kith/sdk/parts'
import { laneSuite } from './lane-suite.ts'
import { linkSuite } from './link-suite.ts'
import type { OpenPath } from './path.ts'
import { messagePortPath } from './paths.ts'
import { streamSuite } from './stream-suite.ts'

/** Two RTCPeerConnections of this page, negotiated as the SDK does; Chromium takes 256 KiB as one message. */
const webRtcPath: OpenPath = () => {
  const common = { iceServers: [], iceTransportPolicy: 'all', onCandidatesEnd() {}, onState() {}, onPath() {} } as const
  const options = (role: NegotiatorOptions['role'], other: () => typeof offerer): NegotiatorOptions => ({
    ...common,
    role,
    onDescription: (description) => other().describe(description),
    onCandidate: (candidate) => other().addCandidate(candidate),
    onError: reportError,
  })
  const answerer: ReturnType<typeof createNegotiator> = createNegotiator(options('answerer', () => offerer))
  const offerer: ReturnType<typeof createNegotiator> = createNegotiator(options('offerer', () => answerer))
  return {
    ends: [offerer.lanes, answerer.lanes],
    maxMessageBytes: 256 * 1024,
    dispose: () => {
      offerer.close()
      answerer.close()
    },
  }
}

for (const [name, open] of [
  ['WebRTC', webRtcPath],
  ['a MessagePort', messagePortPath],
] as const) {
  laneSuite(name, open)
  linkSuite(name, open)
  streamSuite(name, open)
}

// Where each limit of the link, of datagrams and of media is kept to at N and not at N + 1: a limit that nobody tests, or whose test is
// gone, shows here. It cannot tell how good the test is.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as limits from './limits.ts'

const PROTOCOL = '.'
const SDK = '../../sdk/src'

const EDGES = `${PROTOCOL}/session/limits.test.ts`
const WINDOW = `${PROTOCOL}/path/congestion-window.test.ts`
const SESSION = `${PROTOCOL}/session/session.test.ts`
const CONTROL = `${PROTOCOL}/session/control.test.ts`
const FRAMES = `${PROTOCOL}/mux/frames.test.ts`
const LINK_FLOODS = `${PROTOCOL}/mux/floods.test.ts`
const DATAGRAMS = `${PROTOCOL}/mux/datagrams.test.ts`

const QUEUES = 'a queue of N %s keeps all, at N + 1 the oldest goes'
const EARLY = 'frames that overtake confirm and hello wait for them, up to a limit'

const HOSTILE_RELAY = `${PROTOCOL}/relay/hostile-relay.test.ts`
const FLOODS = '%s: N at once, N a second after that, and not one more'

/** By name: the file of the test, and words of its title. */
const TESTED: Record<string, readonly [file: string, title: string]> = {
  RELAY_WAIT_MIN_MS: [HOSTILE_RELAY, 'rate-limited for %d ms counts as %d'],
  RELAY_WAIT_MAX_MS: [HOSTILE_RELAY, 'rate-limited for %d ms counts as %d'],
  RELAY_REFUSED_MAX_MS: [HOSTILE_RELAY, 'gets them ever less often'],
  RELAY_EAGER_MAX_MS: [HOSTILE_RELAY, 'a relay that asks to be tried eagerly for %d ms is so for %d'],
  BIND_ANSWER_MS: [HOSTILE_RELAY, 'a relay that answers no BIND is said to be slow, and is given up in the end'],
  RELAY_FRAMES_PER_SECOND: [HOSTILE_RELAY, FLOODS],
  RELAY_FRAME_BURST: [HOSTILE_RELAY, FLOODS],
  RELAY_CONTROL_PER_SECOND: [HOSTILE_RELAY, FLOODS],
  RELAY_CONTROL_BURST: [HOSTILE_RELAY, FLOODS],
  INVITE_RELAY_ATTEMPTS_MAX: [`${SDK}/carriers/roster.test.ts`, 'a relay that only an invitation names is dialled N times'],
  PROTOCOL_NAME_MAX_LENGTH: [EDGES, 'an ACCEPT names a protocol of N bytes at most'],
  PROTOCOLS_MAX: [FRAMES, 'limits hold at N and not at N + 1'],
  REMOTE_MESSAGE_MIN_BYTES: [`${PROTOCOL}/dial/description.test.ts`, 'messages of dust'],
  CONFIRM_MS: [SESSION, 'who does not confirm in time is given up'],
  HELLO_HOLD_MS: [`${PROTOCOL}/session/at-turn.test.ts`, 'a hello waits so long, and no longer'],
  FRAME_MAX_BYTES: [FRAMES, 'limits hold at N and not at N + 1'],
  FRAME_MIN_BYTES: [SESSION, 'a remote whose messages are too small for an OPEN is refused'],
  EARLY_BYTES_MAX: [SESSION, EARLY],
  EARLY_FRAMES_MAX: [SESSION, EARLY],
  STREAM_WINDOW_BYTES: [SESSION, 'a credit is exact'],
  STREAM_WINDOW_MAX_BYTES: [EDGES, '%s: however fast its readers are'],
  CONNECTION_WINDOW_BYTES: [SESSION, 'a credit is exact'],
  WINDOW_PACE_MS: [EDGES, 'a window grows where half of it went within the pace'],
  STREAM_RESERVE_BYTES: [`${PROTOCOL}/mux/own-credit.test.ts`, 'the reserve is exact'],
  UNREAD_MAX_BYTES: [EDGES, '%s: however fast its readers are'],
  UNACKNOWLEDGED_MAX_BYTES: [EDGES, 'a lane keeps N bytes'],
  WINDOW_FIRST_BYTES: [WINDOW, 'before anything is known: the first window'],
  WINDOW_MIN_BYTES: [WINDOW, 'the window: its least, and what passes in so many ms'],
  WINDOW_QUEUE_MS: [WINDOW, 'the window: its least, and what passes in so many ms'],
  WINDOW_QUEUE_BYTES: [WINDOW, 'the window: its least, and what passes in so many ms'],
  WINDOW_MAX_BYTES: [WINDOW, 'before anything is known: the first window'],
  FRAME_MS: [WINDOW, 'a frame: its least, what passes in so many ms'],
  FRAME_SLOW_BYTES: [WINDOW, 'a frame: its least, what passes in so many ms'],
  FRAME_SHARED_MS: [WINDOW, 'a frame: its least, what passes in so many ms'],
  LANE_BUFFER_FRAMES: [WINDOW, 'a frame: its least, what passes in so many ms'],
  DATAGRAMS_BUFFER_MS: [WINDOW, 'datagrams in a buffer'],
  DATAGRAMS_BUFFER_BYTES: [WINDOW, 'datagrams in a buffer'],
  DATAGRAMS_BUFFER_MIN_BYTES: [WINDOW, 'datagrams in a buffer'],
  ACK_FIRST_BYTES: [EDGES, 'a lane acknowledges after so many bytes'],
  ACK_LOAD_BYTES: [EDGES, 'a lane acknowledges after so many bytes'],
  ACK_LOAD_MS: [EDGES, 'a lane acknowledges after so many bytes'],
  ACK_BYTES: [EDGES, 'a lane acknowledges after so many bytes'],
  ACK_MS: [EDGES, 'a lane acknowledges after so many bytes'],
  FIN_ACK_MS: [SESSION, 'frames are acknowledged in time, a FIN at once'],
  STREAMS_MAX: [SESSION, 'each side may open'],
  PACK_MAX_BYTES: [LINK_FLOODS, 'several frames in a message of N bytes'],
  STREAMS_RETAINED_MAX: [LINK_FLOODS, '%s and never acknowledged: N are kept'],
  REJECTS_OWED_MAX: [LINK_FLOODS, 'N REJECTs that were not acknowledged'],
  INCOMING_PER_SECOND: [LINK_FLOODS, 'N are told at once, N + 1 when its time has come'],
  INCOMING_BURST: [LINK_FLOODS, 'N are told at once, N + 1 when its time has come'],
  CONTROL_PER_SECOND: [LINK_FLOODS, 'so many a second for ever, and not one more'],
  CONTROL_BURST: [LINK_FLOODS, '%s: N at once, and not N + 1'],
  IDLE_FRAMES_PER_SECOND: [LINK_FLOODS, 'so many a second for ever'],
  IDLE_FRAMES_BURST: [LINK_FLOODS, '%s: N at once, and not N + 1'],
  LATE_FRAMES_PER_SECOND: [LINK_FLOODS, 'so many late ones a second for ever'],
  LATE_FRAMES_BURST: [LINK_FLOODS, '%s, late: N at once, and not N + 1'],
  OUTPUTS_MAX: [LINK_FLOODS, 'N things wait to be told'],
  HELD_OPENS_MAX: [`${PROTOCOL}/mux/ask.test.ts`, 'are held, and not one more; after the first second none'],
  HELD_OPENS_MS: [`${PROTOCOL}/mux/ask.test.ts`, 'are held, and not one more; after the first second none'],
  SCOPES_MAX: [CONTROL, 'limits hold at N and not at N + 1'],
  FEATURES_MAX: [CONTROL, 'limits hold at N and not at N + 1'],
  FEATURE_NAME_MAX_LENGTH: [CONTROL, 'limits hold at N and not at N + 1'],
  GOAWAY_REASON_MAX_BYTES: [CONTROL, 'limits hold at N and not at N + 1'],
  GOAWAY_REASON_MAX_LENGTH: [EDGES, 'a goodbye says N units of its reason'],
  GOODBYE_IDLE_MS: [`${PROTOCOL}/session/goodbye.test.ts`, 'a second without any, ten in all'],
  GOODBYE_MAX_MS: [`${PROTOCOL}/session/goodbye.test.ts`, 'a second without any, ten in all'],
  LINK_PING_MS: [EDGES, 'a ping goes out when it is time'],
  PARAMS_MAX_BYTES: [EDGES, 'params of N bytes travel'],
  MESSAGE_MAX_BYTES: [`${SDK}/session/messages.test.ts`, 'the limit holds at N and not at N + 1, both ways'],
  MESSAGES_GATHERED_MAX_BYTES: [
    `${SDK}/session/messages.test.ts`,
    'what the messages of one connection hold that are not whole: N bytes',
  ],
  DATAGRAM_MAX_BYTES: [DATAGRAMS, 'bytes pass; one more is refused'],
  DATAGRAM_AGE_MAX_MS: [DATAGRAMS, 'a datagram waits'],
  DATAGRAM_QUEUE_MAX: [DATAGRAMS, QUEUES],
  DATAGRAM_QUEUE_MAX_BYTES: [DATAGRAMS, QUEUES],
  DATAGRAMS_QUEUED_MAX_BYTES: [DATAGRAMS, 'all flows of a link together hold no more'],
  DATAGRAM_EARLY_MAX: [DATAGRAMS, 'what overtakes its OPEN is kept'],
  DATAGRAM_EARLY_MS: [DATAGRAMS, 'what overtakes its OPEN is kept'],
  CONTROL_EARLY_MAX: [`${SDK}/session/link.test.ts`, 'control message more than CONTROL_EARLY_MAX before anyone listens'],
  SDP_MAX_LENGTH: [`${SDK}/path/webrtc/media-sdp.test.ts`, 'a description of ours fits, or is not sent'],
  SDP_SECTIONS_MAX: [
    `${SDK}/path/webrtc/sdp-shape.test.ts`,
    'sections: as many as there are tracks of both kinds each way, and one for data',
  ],
  OFFERS_PER_SECOND: [
    `${SDK}/connection/media/hostile.browser.test.ts`,
    'a burst of them has its answers at once, the next at the rate',
  ],
  OFFER_BURST: [
    `${SDK}/connection/media/hostile.browser.test.ts`,
    'a burst of them has its answers at once, the next at the rate',
  ],
  TRACKS_MAX: [`${SDK}/connection/media/media.browser.test.ts`, 'are limited, and said to be when they are added'],
  LABELS_MAX: [`${SDK}/connection/media/media.browser.test.ts`, 'has as many labels as there may be'],
  LABEL_MAX_LENGTH: [`${SDK}/connection/media/stream-messages.test.ts`, 'what is not a message is a violation'],
}

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')

test('each limit of the link names its test, and no test is named for one that is gone', () => {
  const sections = read('./limits.ts').split(/^\/\/ ── (?=[a-z])/m)
  const ofTheLink = sections.filter((section) => /^(the link|datagrams|media) ─/.test(section)).join('')
  const names = [...ofTheLink.matchAll(/^export const ([A-Z_]+)/gm)].map(([, name]) => name)
  expect(names.length).toBeGreaterThan(25)
  for (const name of names) expect(TESTED, `${name} has no test at N and N + 1`).toHaveProperty(name ?? '')
  for (const name of Object.keys(TESTED)) expect(limits, `there is no ${name}`).toHaveProperty(name)
})

test.each(Object.entries(TESTED))('%s has the test that it names', (_, [file, title]) => {
  expect(read(file).includes(title), `${file}: ${title}`).toBe(true)
})

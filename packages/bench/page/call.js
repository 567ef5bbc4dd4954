// A call's two ends: what is sent, where it is shown, and what arrived of it.

const [WIDTH, HEIGHT] = [640, 360]
const FRAMES_PER_SECOND = 30
const BALLS = 24

/** A picture that moves all over, and the sound of the browser's fake microphone. `stop` ends both. */
export async function camera() {
  const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT })
  const context = canvas.getContext('2d')
  let frame = 0
  const draw = () => {
    frame += 1
    const sky = context.createLinearGradient(0, 0, WIDTH, HEIGHT)
    sky.addColorStop(0, `hsl(${frame % 360} 60% 40%)`)
    sky.addColorStop(1, `hsl(${(frame + 120) % 360} 60% 60%)`)
    context.fillStyle = sky
    context.fillRect(0, 0, WIDTH, HEIGHT)
    for (let ball = 0; ball < BALLS; ball++) {
      context.fillStyle = `hsl(${(ball * 360) / BALLS} 80% 50%)`
      context.beginPath()
      const x = (Math.sin(frame / 20 + ball) + 1) * (WIDTH / 2)
      const y = (Math.cos(frame / 31 + ball * 2) + 1) * (HEIGHT / 2)
      context.arc(x, y, 12 + ball, 0, 2 * Math.PI)
      context.fill()
    }
  }
  draw()
  const timer = setInterval(draw, 1000 / FRAMES_PER_SECOND)
  const [video] = canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks()
  const [audio] = (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()
  return {
    tracks: [video, audio],
    stop() {
      clearInterval(timer)
      video.stop()
      audio.stop()
    },
  }
}

/** Frames are decoded and sound is played as for a person. */
export function show(stream) {
  const video = document.querySelector('video') ?? document.body.appendChild(document.createElement('video'))
  Object.assign(video, { autoplay: true, muted: true, playsInline: true, srcObject: stream })
}

const COUNTED = ['bytesReceived', 'packetsReceived', 'packetsLost', 'framesDecoded', 'freezeCount', 'totalFreezesDuration']

/** Of all that this page receives now, by kind: counters since its call began. Needs page/keep-connections.js. */
export async function inbound() {
  const sums = { at: performance.now(), video: {}, audio: {} }
  for (const connection of window.connections.filter(({ connectionState }) => connectionState === 'connected')) {
    for (const entry of (await connection.getStats()).values()) {
      if (entry.type !== 'inbound-rtp') continue
      const sum = sums[entry.kind]
      for (const name of COUNTED) sum[name] = (sum[name] ?? 0) + (entry[name] ?? 0)
    }
  }
  return sums
}

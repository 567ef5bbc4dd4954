/** Tones while it rings. They are synthesized, so there is no file to load. */

export type ToneKind = 'calling' | 'called'

/** Hertz, and when each begins, in seconds after the beat. */
const NOTES: Record<ToneKind, readonly { hertz: number; at: number; lasts: number }[]> = {
  calling: [{ hertz: 440, at: 0, lasts: 0.9 }],
  called: [
    { hertz: 659, at: 0, lasts: 0.35 },
    { hertz: 523, at: 0.22, lasts: 0.35 },
    { hertz: 784, at: 0.44, lasts: 0.6 },
  ],
}
const BEAT_MS = 3_000
/** Of full scale. Someone may wear headphones. */
const VOLUME: Record<ToneKind, number> = { calling: 0.03, called: 0.08 }

/** Plays until the returned function is called. Silent where the browser blocks sound before a click. */
export function playTone(kind: ToneKind): () => void {
  const context = new AudioContext()
  const beat = () => {
    // While sound is blocked, notes would pile up and play all at once later.
    if (context.state !== 'running') return
    for (const { hertz, at, lasts } of NOTES[kind]) playNote(context, hertz, context.currentTime + at, lasts, VOLUME[kind])
  }
  context.addEventListener('statechange', beat, { once: true })
  beat()
  const timer = setInterval(beat, BEAT_MS)
  return () => {
    clearInterval(timer)
    context.close().catch(reportError)
  }
}

function playNote(context: AudioContext, hertz: number, startsAt: number, lasts: number, volume: number): void {
  const oscillator = new OscillatorNode(context, { frequency: hertz })
  const gain = new GainNode(context, { gain: 0 })
  gain.gain.setValueAtTime(0, startsAt)
  gain.gain.linearRampToValueAtTime(volume, startsAt + 0.03)
  gain.gain.setTargetAtTime(0, startsAt + lasts * 0.4, lasts * 0.2)
  oscillator.connect(gain).connect(context.destination)
  oscillator.start(startsAt)
  oscillator.stop(startsAt + lasts * 2)
}

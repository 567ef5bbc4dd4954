/** Whether a person speaks, from the loudness of their track. */
import { useEffect, useState } from 'preact/hooks'

/** Root mean square, of full scale: speech in a quiet room is above, the room itself below. */
const SPEECH_RMS = 0.015
const LOOK_MS = 100
/** A pause between words up to this long still counts as speaking. */
const PAUSE_MS = 500

export function useSpeaking(track: MediaStreamTrack | undefined): boolean {
  const [isSpeaking, setSpeaking] = useState(false)
  useEffect(() => {
    if (!track) return
    const stop = watchLoudness(track, setSpeaking)
    return () => {
      stop()
      setSpeaking(false)
    }
  }, [track])
  return isSpeaking
}

function watchLoudness(track: MediaStreamTrack, onChange: (isSpeaking: boolean) => void): () => void {
  const context = new AudioContext()
  const analyser = new AnalyserNode(context, { fftSize: 1024 })
  new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) }).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  let heardAt = Number.NEGATIVE_INFINITY
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
    if (Math.sqrt(power) >= SPEECH_RMS) heardAt = performance.now()
    onChange(performance.now() - heardAt < PAUSE_MS)
  }, LOOK_MS)
  return () => {
    clearInterval(timer)
    context.close().catch(reportError)
  }
}

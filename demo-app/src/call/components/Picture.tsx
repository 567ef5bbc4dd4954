/** A video, with sound if it is another person's. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Speaker } from '../speaker.ts'

interface PictureProps {
  stream: MediaStream | undefined
  label: string
  /** Mirrored, as people know their own face. */ isMirrored?: boolean
  /** Not cropped: it may be a screen, with text at its edges. */ isWhole?: boolean
  /** Where its sound is played; without it, the video is silent. */ speaker?: Speaker
  /** Sound only. */ isHidden?: boolean
  /** The browser wants a click before it plays sound: called with what to do in that click. */
  onBlocked?: (start: () => void) => void
}

export function Picture({
  stream,
  label,
  isMirrored = false,
  isWhole = false,
  speaker,
  isHidden = false,
  onBlocked,
}: PictureProps) {
  const video = useRef<HTMLVideoElement>(null)
  const [isUpright, setUpright] = useState(false)
  useEffect(() => {
    const element = video.current
    if (!element) return
    element.srcObject = stream ?? null
    if (!stream) return
    const play = () => {
      element.play().catch((error: unknown) => {
        // A stream that was removed before it began to play is no failure ('AbortError').
        if (error instanceof DOMException && error.name === 'NotAllowedError') onBlocked?.(play)
        else if (!(error instanceof DOMException)) throw error
      })
    }
    play()
  }, [stream])
  useEffect(() => (video.current && speaker ? speaker.drive(video.current) : undefined), [speaker])
  return (
    <video
      ref={video}
      class={`picture${isMirrored ? ' mirrored' : ''}${isWhole ? ' whole' : ''}${isUpright ? ' upright' : ''}${isHidden ? ' hidden' : ''}`}
      muted={!speaker}
      autoplay
      playsInline
      aria-label={label}
      onResize={({ currentTarget: { videoWidth, videoHeight } }) => setUpright(videoHeight > videoWidth)}
    />
  )
}

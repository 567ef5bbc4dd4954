/** A moving picture, with its sound if it is somebody else's. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Speaker } from '../speaker.ts'

interface PictureProps {
  stream: MediaStream | undefined
  label: string
  /** As in a mirror, as people know themselves. */ isMirrored?: boolean
  /** Nothing of it is cut off: it may be a screen, with text to its edges. */ isWhole?: boolean
  /** Where it is heard; a picture without one is silent. */ speaker?: Speaker
  /** The sound goes on while there is nothing to see. */ isHidden?: boolean
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
        // A stream that was taken away before it began is no failure ('AbortError').
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

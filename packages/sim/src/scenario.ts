import type { PathModel } from './path.ts'

/** What the application may do next. Weights, relative to each other. */
export interface ActionWeights {
  readonly open: number
  readonly write: number
  readonly finish: number
  readonly reset: number
  readonly stop: number
  /** A reader stops reading; another `pause` lets it go on. */
  readonly pause: number
  /** What is served changes. */
  readonly serve: number
}

export interface Scenario {
  readonly name: string
  readonly path: PathModel
  readonly actions: number
  readonly betweenActionsMs: number
  readonly weights: ActionWeights
  /** A write is at most so many bytes. */
  readonly writeBytes: number
  /** Bytes in a lane's buffer above which the driver gives it no more. */
  readonly bufferBytes: number
  readonly maxMessageSize: number
  /** How it ends: all streams are brought to their end, or one side says goodbye in the middle. */
  readonly end: 'drain' | 'goodbye'
}

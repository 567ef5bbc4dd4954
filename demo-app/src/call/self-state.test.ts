import { expect, test } from 'vitest'
import { parseSelfState } from './self-state.ts'

test.each([
  ['{"microphone":true,"picture":"camera"}', { microphone: true, picture: 'camera' }],
  ['{"picture":"none","microphone":false,"hand":"up"}', { microphone: false, picture: 'none' }],
  ['{"microphone":true,"picture":"hologram"}', undefined],
  ['{"microphone":true,"picture":["camera"]}', undefined],
  ['{"microphone":"yes","picture":"screen"}', undefined],
  ['{"microphone":true}', undefined],
  ['[true,"camera"]', undefined],
  ['null', undefined],
  ['camera', undefined],
  ['', undefined],
])('%s', (json, state) => {
  expect(parseSelfState(json)).toEqual(state)
})

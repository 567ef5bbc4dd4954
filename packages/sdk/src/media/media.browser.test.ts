import { expect, test } from 'vitest'
import { call, friends, picture, tone, track } from './people.testing.ts'

test('tracks flow both ways once a call is accepted', async () => {
  const [ada, bo] = await friends()
  await using _ada = ada
  await using _bo = bo
  const [mine, theirs] = await call(ada, bo)
  mine.addTrack(picture())
  mine.addTrack(tone())
  theirs.addTrack(picture())
  console.log('added')
  const seen = await track(theirs, (one) => one.track.kind === 'video')
  const heard = await track(theirs, (one) => one.track.kind === 'audio')
  expect(seen.stream).toBe(heard.stream)
  await track(mine)
})

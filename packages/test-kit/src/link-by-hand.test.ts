import { KithError } from '@kith/protocol'
import { expect, test } from 'vitest'
import { frames, linkAgainst } from './index.ts'

test('greets, opens a stream, and then breaks a rule: the link ends with a violation', async () => {
  const served: string[] = []
  const { hand, link } = linkAgainst({
    protocols: ['/chat/v1'],
    onIncoming: ({ protocol }) => {
      served.push(protocol)
      return () => {}
    },
  })
  await hand.greet()
  await link.ready
  hand.bytes('bulk', frames.open(1, '/chat/v1', Uint8Array.of(1, 2, 3)))
  expect(await hand.frames.next()).toMatchObject({ type: 'accept', stream: 1, protocol: '/chat/v1' })
  expect(served).toEqual(['/chat/v1'])
  // Data on a stream that never was.
  hand.bytes('bulk', frames.data(77, Uint8Array.of(1)))
  const error = await link.closed.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(KithError)
  expect(error).toMatchObject({ code: 'peer-violation', source: 'remote' })
})

test('one that does not confirm is not spoken to', async () => {
  const { hand, link } = linkAgainst()
  hand.confirm(new Uint8Array(32))
  await expect(link.ready).rejects.toMatchObject({ code: 'peer-violation' })
  expect(hand.control.waiting.map(({ type }) => type)).not.toContain('hello')
})

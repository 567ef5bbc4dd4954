import { expect, test } from 'vitest'
import { type ErrorCode, KithError } from './errors.ts'

const CODES: ErrorCode[] = [
  ...(['invalid-peer-id', 'invalid-protocol', 'invalid-invite', 'invalid-argument', 'unsupported-environment'] as const),
  ...(['no-answer', 'no-relay', 'unreachable', 'needs-turn', 'blocked'] as const),
  ...(['unsupported-protocol', 'refused', 'too-large', 'too-many', 'rate-limited'] as const),
  ...(['timeout', 'aborted', 'closed', 'reset', 'lost', 'peer-violation', 'expired', 'used', 'locked', 'storage'] as const),
]

test.each(CODES)('%s has a sentence where none is given', (code) => {
  const { message } = new KithError(code)
  expect(message).toMatch(/^[A-Z].* .*\.$/)
})

test.each<[string, KithError, object]>([
  [
    'as little as there is',
    new KithError('used', 'Somebody was first.'),
    { name: 'KithError', code: 'used', message: 'Somebody was first.', source: 'local' },
  ],
  [
    'all that there is',
    new KithError('reset', 'Cut.', { source: 'remote', streamCode: 0, retryAfterMs: 5, cause: new Error('why') }),
    { name: 'KithError', code: 'reset', message: 'Cut.', source: 'remote', streamCode: 0, retryAfterMs: 5, cause: 'why' },
  ],
  [
    'a signal’s own reason',
    new KithError('aborted', 'Enough.', { cause: 'tired' }),
    { name: 'AbortError', code: 'aborted', message: 'Enough.', source: 'local', cause: 'tired' },
  ],
  [
    'a cause that cannot become text',
    new KithError('storage', 'No.', { cause: Object.create(null) }),
    { name: 'KithError', code: 'storage', message: 'No.', source: 'local', cause: 'object' },
  ],
  [
    'a cause without words',
    new KithError('timeout', 'Late.', { cause: new RangeError() }),
    { name: 'TimeoutError', code: 'timeout', message: 'Late.', source: 'local', cause: 'RangeError' },
  ],
])('as JSON: %s', (_, error, json) => {
  expect(JSON.parse(JSON.stringify({ error }))).toEqual({ error: json })
})

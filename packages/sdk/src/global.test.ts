import { expect, test } from 'vitest'
import * as Kith from './global.ts'
import * as sdk from './index.ts'

test('window.Kith has all that the package exports', () => {
  expect(Object.keys(Kith).sort()).toEqual(Object.keys(sdk).sort())
})

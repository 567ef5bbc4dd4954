// What the stream muxer's suite asks of `aegir/chai`: chai with promises, `equalBytes`, and assertions such as `true` that are called.
import { expect, use } from 'chai'
import chaiAsPromised from 'chai-as-promised'

use(({ Assertion }) => {
  Assertion.addMethod('equalBytes', function (expected) {
    new Assertion(Array.from(this._obj)).to.deep.equal(Array.from(expected))
  })
  for (const value of [true, false]) {
    Assertion.addChainableMethod(String(value), function (message) {
      new Assertion(this._obj, message).to.equal(value)
    })
  }
})
// Last, so that `eventually` finds all of the above.
use(chaiAsPromised)

export { expect }

/** js-libp2p needs Node 22 for this one; the rest of it runs on 20. */
interface WithResolvers<T> {
  promise: Promise<T>
  resolve: (value: T | PromiseLike<T>) => void
  reject: (reason?: unknown) => void
}

const promises = Promise as { withResolvers?: <T>() => WithResolvers<T> }

promises.withResolvers ??= <T>() => {
  let [resolve, reject]: [WithResolvers<T>['resolve'], WithResolvers<T>['reject']] = [() => {}, () => {}]
  const promise = new Promise<T>((...settle) => {
    ;[resolve, reject] = settle
  })
  return { promise, resolve, reject }
}

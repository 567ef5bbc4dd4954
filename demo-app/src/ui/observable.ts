/** A value with change listeners. The page's state is made of these. */
import { useEffect, useReducer } from 'preact/hooks'

export class Value<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get(): T {
    return this.#value
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) listener()
  }

  /** Returns a function that removes the listener. */
  on(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** The value now; the component renders again when it changes. */
export function useValue<T>(value: Value<T>): T {
  const [, render] = useReducer((count: number) => count + 1, 0)
  const rendered = value.get()
  useEffect(() => {
    // It may have changed between rendering and this effect.
    if (!Object.is(rendered, value.get())) render(undefined)
    return value.on(() => render(undefined))
  }, [value])
  return rendered
}

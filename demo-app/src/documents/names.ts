/** People of a document by name, in a sentence: 'Ada', 'Ada and Grace', 'Ada, Grace and Linus'. */
import type { PeerId } from '@kith/sdk'
import type { Person } from '../people/people.ts'
import { text } from './texts.ts'

const list = new Intl.ListFormat('en', { type: 'conjunction' })

export const listOf = (names: readonly string[]): string => list.format(names)

/** By my own name for them; someone I do not know is a guest of someone I do. */
export function nameOf(people: readonly Person[], id: PeerId | string, said: string = text.someone): string {
  return people.find((person) => person.id === id)?.name ?? said
}

/** Text with links. Each link shows the address that it leads to. */
import { plainLink, plainText } from '../../ui/plain.ts'

/** A web address, without the punctuation that ends a sentence. */
const ADDRESS = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'’]/g

export function Linked({ text }: { text: string }) {
  const parts = []
  let end = 0
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    const link = plainLink(address)
    if (link === undefined) continue
    if (index > end) parts.push(plainText(text.slice(end, index)))
    parts.push(
      <a href={link.href} target="_blank" rel="noopener noreferrer" key={index}>
        <bdi dir="ltr">{link.shown}</bdi>
      </a>,
    )
    end = index + address.length
  }
  parts.push(plainText(text.slice(end)))
  return <>{parts}</>
}

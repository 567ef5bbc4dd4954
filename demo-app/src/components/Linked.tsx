/** Text in which web addresses can be followed. */

/** Only what surely is one; the punctuation that ends a sentence is not part of it. */
const ADDRESS = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'’]/g

export function Linked({ text }: { text: string }) {
  const parts = []
  let end = 0
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    if (index > end) parts.push(text.slice(end, index))
    parts.push(
      <a href={address} target="_blank" rel="noopener noreferrer" key={index}>
        {address}
      </a>,
    )
    end = index + address.length
  }
  parts.push(text.slice(end))
  return <>{parts}</>
}

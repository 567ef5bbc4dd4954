/** QR codes of links. Loaded late: most pages never show one. */
import { KithError } from '@kith/protocol'
import { type Bitmap2D, correction, generate } from 'lean-qr/nano'

/** ISO/IEC 18004 §9.1: four modules around the symbol that readers find it by. */
const QUIET_ZONE = 4

/**
 * A QR code as an SVG element's text, to fit whatever box it is put in. Black on white, with its own ground, in dark pages too: many
 * readers do not find a light code on a dark one. Throws 'too-large' beyond what a symbol holds (2,952 bytes).
 */
export function qrSvg(text: string, title = 'QR code'): string {
  const symbol = encode(text)
  const side = symbol.size + 2 * QUIET_ZONE
  let path = ''
  for (let y = 0; y < symbol.size; y++) {
    for (let x = 0; x < symbol.size; x++) {
      if (!symbol.get(x, y)) continue
      let end = x + 1
      while (symbol.get(end, y)) end++
      path += `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h${end - x}v1H${x + QUIET_ZONE}z`
      x = end
    }
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" role="img" shape-rendering="crispEdges">` +
    `<title>${escapeXml(title)}</title><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${path}"/></svg>`
  )
}

function encode(text: string): Bitmap2D {
  try {
    // 'L' at the least: a screen has no dirt to correct, and a smaller symbol has larger modules for the camera.
    return generate(text, { minCorrectionLevel: correction.L })
  } catch (cause) {
    throw new KithError('too-large', 'The link is too long for a QR code: shorten the page’s address or name fewer relays.', {
      cause,
    })
  }
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A film for Chromium to take for a camera: someone drawn before a soft light, so that pictures of a call look like one. */
import { writeFile } from 'node:fs/promises'
import type { Browser } from '@playwright/test'

export interface Sitter {
  readonly initial: string
  /** Of the light and of the clothes, in degrees. */
  readonly hue: number
}

/** Writes Motion JPEG: pictures one after the other, which Chromium plays again and again. */
export async function film(browser: Browser, path: string, sitter: Sitter): Promise<void> {
  const page = await browser.newPage()
  const pictures = await page.evaluate(draw, sitter)
  await page.close()
  await writeFile(path, Buffer.concat(pictures.map((picture) => Buffer.from(picture, 'base64'))))
}

/** In the page. Resolves with JPEGs, in base64. */
function draw({ initial, hue }: Sitter): string[] {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 })
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('This browser draws nothing.')
  const disc = (x: number, y: number, radius: number, color: string) => {
    context.fillStyle = color
    context.beginPath()
    context.arc(x, y, radius, 0, 2 * Math.PI)
    context.fill()
  }
  const frames = 30
  return Array.from({ length: frames }, (_, frame) => {
    const sway = 6 * Math.sin((2 * Math.PI * frame) / frames)
    const light = context.createLinearGradient(0, 0, 1280, 720)
    light.addColorStop(0, `hsl(${hue} 40% 84%)`)
    light.addColorStop(1, `hsl(${hue + 30} 38% 70%)`)
    context.fillStyle = light
    context.fillRect(0, 0, 1280, 720)
    disc(640 + sway / 2, 800, 300, `hsl(${hue} 35% 34%)`)
    disc(640 + sway, 330, 150, `hsl(${hue + 20} 40% 92%)`)
    context.fillStyle = `hsl(${hue} 35% 34%)`
    context.font = '600 150px system-ui, sans-serif'
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillText(initial, 640 + sway, 340)
    return canvas.toDataURL('image/jpeg', 0.95).replace(/^[^,]*,/, '')
  })
}

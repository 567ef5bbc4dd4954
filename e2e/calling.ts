/** Someone in a call, by the words on the page and by what really arrives. */
import { expect, type Locator } from '@playwright/test'
import type { Person } from './person.ts'

export class Calling {
  readonly person: Person

  constructor(person: Person) {
    this.person = person
  }

  get page() {
    return this.person.page
  }

  get incoming(): Locator {
    return this.page.getByRole('alertdialog')
  }

  /** The call, ringing or answered. */
  screen(name: string): Locator {
    return this.page.getByRole('region', { name: `Call with ${name}` })
  }

  get theirs(): Locator {
    return this.page.getByLabel(/^(Picture|Screen) of /)
  }

  /** Of the other one, in words that are also read out. */
  said(words: string): Locator {
    return this.page.locator('.theirs').getByRole('status').filter({ hasText: words })
  }

  get mine(): Locator {
    return this.page.locator('.mine video')
  }

  /** What was told and needs no answer. */
  get news(): Locator {
    return this.page.locator('.call-news')
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name })
  }

  /** Past the mirror, until it rings. */
  async call(name: string): Promise<void> {
    await this.button(`Call ${name}`).click()
    await this.button('Call').click()
    await expect(this.screen(name).getByText('Ringing…')).toBeVisible()
  }

  async accept(name: string): Promise<void> {
    await expect(this.incoming).toContainText(`${name} is calling`)
    await this.button('Accept').click()
  }

  async hangUp(): Promise<void> {
    await this.button('Hang up').click()
    await expect(this.page.getByRole('region', { name: /^Call with/ })).toHaveCount(0)
  }

  /** Pictures of the one it talks with that this page has decoded and shown since it was first asked. */
  frames(): Promise<number> {
    // Not getVideoPlaybackQuality: Firefox (153) counts nothing there of what comes live.
    return this.theirs.evaluate((video: HTMLVideoElement & { frames?: number }) => {
      if (video.frames === undefined) {
        const count = () => {
          video.frames = (video.frames ?? -1) + 1
          video.requestVideoFrameCallback(count)
        }
        count()
      }
      return video.frames ?? 0
    })
  }

  async expectPicture(): Promise<void> {
    await expect(this.theirs).toBeVisible()
    const before = await this.frames()
    await expect.poll(() => this.frames()).toBeGreaterThan(before + 5)
  }

  /** The loudest of what is heard is far above silence. */
  async expectSound(): Promise<void> {
    await expect.poll(() => this.theirs.evaluate((video: HTMLVideoElement) => video.srcObject !== null)).toBe(true)
    await this.theirs.evaluate((video: HTMLVideoElement) => {
      const context = new AudioContext()
      const analyser = new AnalyserNode(context)
      new MediaStreamAudioSourceNode(context, { mediaStream: video.srcObject as MediaStream }).connect(analyser)
      const samples = new Float32Array(analyser.fftSize)
      Object.assign(video, {
        loudness: () => {
          analyser.getFloatTimeDomainData(samples)
          return Math.max(...samples.map(Math.abs))
        },
      })
    })
    await expect
      .poll(() => this.theirs.evaluate((video) => (video as HTMLVideoElement & { loudness(): number }).loudness()), {
        intervals: [50],
      })
      .toBeGreaterThan(0.01)
  }

  /** Where the other one is heard. */
  outputLabel(): Promise<string | undefined> {
    return this.theirs.evaluate(async (video: HTMLVideoElement) => {
      const devices = await navigator.mediaDevices.enumerateDevices()
      return devices.find(({ kind, deviceId }) => kind === 'audiooutput' && deviceId === video.sinkId)?.label
    })
  }

  async expectMine(label: 'Your picture' | 'Your screen'): Promise<void> {
    await expect(this.page.getByLabel(label, { exact: true })).toBeVisible()
  }

  /** Width by height of what is sent, once it is seen. */
  async shapeOfMine(): Promise<number> {
    await expect.poll(() => shapeOf(this.mine)).toBeGreaterThan(0)
    return shapeOf(this.mine)
  }

  /** What is received is as wide for its height. */
  async expectShape(shape: number): Promise<void> {
    await expect.poll(() => shapeOf(this.theirs)).toBeCloseTo(shape, 1)
  }
}

function shapeOf(video: Locator): Promise<number> {
  return video.evaluate((element: HTMLVideoElement) => (element.videoHeight > 0 ? element.videoWidth / element.videoHeight : 0))
}

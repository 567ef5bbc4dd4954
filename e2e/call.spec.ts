/** Calls between people: real pictures and sound from Chromium's pretended devices, and all the ways in which a call ends. */
import { type Browser, type BrowserContext, chromium as launcher } from '@playwright/test'
import { chromium } from '../scripts/browsers.mjs'
import { findings } from './axe.ts'
import { Calling } from './calling.ts'
import { expect, test } from './fixtures.ts'
import { meet, Person } from './person.ts'

const ADA = 'Ada Lovelace'
const GRACE = 'Grace Hopper'
const ALAN = 'Alan Turing'

type NewBrowser = () => Promise<BrowserContext>

async function two(page: string, newBrowser: NewBrowser, newBrowserOfGrace = newBrowser): Promise<[Calling, Calling]> {
  const ada = await Person.open(await newBrowser(), page, ADA)
  const grace = await meet(ada, await newBrowserOfGrace(), GRACE)
  return [new Calling(ada), new Calling(grace)]
}

async function twoTalking(page: string, newBrowser: NewBrowser, newBrowserOfGrace?: NewBrowser): Promise<[Calling, Calling]> {
  const [ada, grace] = await two(page, newBrowser, newBrowserOfGrace)
  await ada.call(GRACE)
  await grace.accept(ADA)
  await Promise.all([ada.expectPicture(), grace.expectPicture()])
  return [ada, grace]
}

test('two people see and hear each other, and hang up', async ({ relay, newBrowser }) => {
  const [ada, grace] = await twoTalking(relay.page, newBrowser)
  await Promise.all([ada.expectSound(), grace.expectSound()])
  await expect(ada.screen(GRACE)).toContainText('Connected directly')
  await expect(ada.page.locator('.theirs.speaking')).toBeVisible()
  await expect(ada.screen(GRACE)).toContainText(/Connected directly, (excellent|good)/)
  await expect(ada.page.locator('.call-status')).toHaveAttribute('title', /^Round trip \d+ ms, [\d.]+% lost$/)

  await grace.hangUp()
  await expect(ada.screen(GRACE)).toHaveCount(0)
  await expect(ada.news).toHaveText('Grace Hopper hung up')
  // The camera is let go, and the chat is there as before.
  await expect(ada.page.locator('video')).toHaveCount(0)
  await ada.person.chatWith(grace.person, 'After the call')
})

test('microphone and camera are switched by hand and by key, and the other sees it', async ({ relay, newBrowser }) => {
  const [ada, grace] = await twoTalking(relay.page, newBrowser)
  await ada.button('Turn camera off').click()
  await expect(grace.said('Ada Lovelace’s camera is off')).toBeVisible()
  await expect(grace.theirs).toBeHidden()
  await ada.page.keyboard.press('v')
  await grace.expectPicture()
  await expect(grace.said('Ada Lovelace’s camera is off')).toHaveCount(0)

  await ada.page.keyboard.press('m')
  await expect(ada.button('Turn microphone on')).toBeVisible()
  await expect(grace.said('Ada Lovelace is muted')).toBeVisible()
  await expect(grace.page.locator('.theirs.speaking')).toHaveCount(0)
  await ada.button('Turn microphone on').click()
  await expect(grace.said('Ada Lovelace is muted')).toHaveCount(0)
  await expect(grace.page.locator('.theirs.speaking')).toBeVisible()

  // Also the one who was called, and while writing something beside the call.
  await expect(grace.button('Turn microphone off')).toHaveAttribute('title', 'Turn microphone off (Ctrl+D)')
  await grace.button('Make the call small').click()
  await grace.page.getByRole('textbox', { name: 'Message Ada Lovelace' }).focus()
  await grace.page.keyboard.press('Control+d')
  await grace.page.keyboard.press('Control+e')
  await expect(ada.said('Grace Hopper is muted')).toBeVisible()
  await expect(ada.said('Grace Hopper’s camera is off')).toBeVisible()
  // Switched back and forth quickly, it ends in the last state.
  for (let times = 0; times < 7; times++) await grace.page.keyboard.press('Control+d')
  await expect(grace.button('Turn microphone off')).toBeVisible()
  await expect(ada.said('Grace Hopper is muted')).toHaveCount(0)
})

test('a screen takes the place of the camera and gives it back, without ringing again', async ({ relay, newBrowser }) => {
  const [ada, grace] = await twoTalking(relay.page, newBrowser)
  const rings = await watchRings(grace)
  const camera = await ada.shapeOfMine()
  const track = () => grace.theirs.evaluate((video: HTMLVideoElement) => (video.srcObject as MediaStream).getVideoTracks()[0]?.id)
  const trackBefore = await track()

  // The pretended screen of a phone has another shape than the pretended camera: by that it is known.
  await ada.page.setViewportSize({ width: 390, height: 844 })
  await ada.button('Share your screen').click()
  await ada.expectMine('Your screen')
  await expect.poll(() => ada.shapeOfMine()).not.toBeCloseTo(camera, 1)
  const screen = await ada.shapeOfMine()
  await grace.expectShape(screen)
  await grace.expectPicture()
  await expect(grace.page.getByLabel('Screen of Ada Lovelace')).toBeVisible()
  expect(await track()).toBe(trackBefore)

  await ada.button('Stop sharing your screen').click()
  await ada.expectMine('Your picture')
  await grace.expectShape(camera)
  await grace.expectPicture()
  expect(await track()).toBe(trackBefore)
  expect(await rings()).toBe(0)
})

/** How often an incoming call has been announced since. */
async function watchRings(calling: Calling): Promise<() => Promise<number>> {
  await calling.page.evaluate(() => {
    const seen = { rings: 0 }
    Object.assign(globalThis, { seen })
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes) if (node instanceof Element && node.matches('[role=alertdialog]')) seen.rings += 1
    }).observe(document.body, { childList: true, subtree: true })
  })
  return () => calling.page.evaluate(() => (globalThis as unknown as { seen: { rings: number } }).seen.rings)
}

test('a call is declined, given up and missed, and not answered by a person who is away', async ({ relay, newBrowser }) => {
  const [ada, grace] = await two(relay.page, newBrowser)
  await ada.call(GRACE)
  await grace.button('Decline').click()
  await expect(ada.screen(GRACE)).toContainText('Grace Hopper declined')
  await expect(grace.incoming).toHaveCount(0)

  await ada.button('Call again').click()
  await expect(grace.incoming).toContainText('Ada Lovelace is calling')
  await ada.button('Cancel').click()
  await expect(grace.incoming).toHaveCount(0)
  await expect(grace.news).toHaveText('Ada Lovelace called and gave up')
  await expect(ada.page.locator('video')).toHaveCount(0)
  // In front of her eyes: she has seen it.
  await expect(grace.person.lines).toHaveText([/^You declined a call/, /^Missed call/])
  await expect(grace.page).toHaveTitle('Kith')
  await expect(ada.person.lines).toHaveText([/^You called, without an answer/, /^You called, without an answer/])

  // She looks at her list: it is there until she has seen it, whatever happens to the page.
  await grace.page.goto('about:blank')
  await grace.page.goto(relay.page)
  await grace.person.expectReachable()
  await ada.call(GRACE)
  await expect(grace.incoming).toBeVisible()
  await ada.button('Cancel').click()
  await expect(grace.page).toHaveTitle('(1) Kith')
  await grace.page.reload()
  await expect(grace.person.row(ADA)).toContainText('Missed call')
  await expect(grace.person.row(ADA)).toContainText('1 new')
  await grace.person.talkWith(ADA)
  await expect(grace.person.lines).toHaveText([/^You declined a call/, /^Missed call/, /^Missed call\d?\d:\d\d/])
  await expect(grace.page).toHaveTitle('Kith')

  await grace.page.close()
  await ada.button(`Call ${GRACE}`).click()
  await ada.button('Call').click()
  await expect(ada.screen(GRACE)).toContainText('No answer', { timeout: 40_000 })
})

test('a third person is told that there is another call, and the call goes on', async ({ relay, newBrowser }) => {
  const [ada, grace] = await two(relay.page, newBrowser)
  const alan = new Calling(await meet(ada.person, await newBrowser(), ALAN))
  await alan.call(ADA)
  await ada.accept(ALAN)
  await alan.expectPicture()
  await grace.button(`Call ${ADA}`).click()
  await grace.button('Call').click()
  await expect(grace.screen(ADA)).toContainText('Ada Lovelace is on another call')
  await expect(ada.news).toHaveText('Grace Hopper called and saw that you are on another call')
  await expect(ada.incoming).toHaveCount(0)
  await Promise.all([ada.expectPicture(), alan.expectPicture()])
  await alan.hangUp()
  await expect(ada.person.row(GRACE)).toContainText('Missed call')
  await expect(ada.person.row(ALAN)).toContainText(/Call, \d:\d\d/)
})

test('two who call each other in the same moment are in one call', async ({ relay, newBrowser }) => {
  const [ada, grace] = await two(relay.page, newBrowser)
  await ada.button(`Call ${GRACE}`).click()
  await grace.button(`Call ${ADA}`).click()
  await Promise.all([ada.button('Call').click(), grace.button('Call').click()])
  await Promise.all([ada.expectPicture(), grace.expectPicture()])
  await expect(ada.incoming).toHaveCount(0)
  await expect(grace.incoming).toHaveCount(0)
})

test('a person without camera and microphone is in the call all the same, and the page says so', async ({
  relay,
  newBrowser,
}) => {
  const ada = await Person.open(await newBrowser(), relay.page, ADA)
  const gracesBrowser = await newBrowser()
  await gracesBrowser.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'))
  })
  const grace = new Calling(await meet(ada, gracesBrowser, GRACE))
  const adas = new Calling(ada)
  await grace.call(ADA)
  await expect(grace.page.getByText('The browser does not let this page use your camera')).toBeVisible()
  await expect(grace.page.getByText('The browser does not let this page use your microphone')).toBeVisible()
  await adas.accept(GRACE)
  await grace.expectPicture()
  await grace.expectSound()
  await expect(adas.said('Grace Hopper’s camera is off')).toBeVisible()
  await expect(adas.said('Grace Hopper is muted')).toBeVisible()
})

test('a person whose camera is refused is heard, reads why, and is seen once it is allowed', async ({ relay, newBrowser }) => {
  const { args, ...options } = chromium()
  // Without the pretended answer to the question for devices.
  const asked = await launcher.launch({ ...options, args: args.filter((arg) => arg !== '--use-fake-ui-for-media-stream') })
  try {
    const adasBrowser = await asked.newContext({ locale: 'en-GB', permissions: ['microphone'] })
    const person = await Person.open(adasBrowser, relay.page, ADA)
    const [ada, grace] = [new Calling(person), new Calling(await meet(person, await newBrowser(), GRACE))]
    const refused = ada.page.getByText('The browser does not let this page use your camera')
    await ada.button(`Call ${GRACE}`).click()
    await expect(refused).toBeVisible()
    await ada.button('Call').click()
    await grace.accept(ADA)
    await grace.expectSound()
    await ada.expectPicture()
    await expect(grace.said('Ada Lovelace’s camera is off')).toBeVisible()
    await expect(grace.said('Ada Lovelace is muted')).toHaveCount(0)
    await expect(refused).toBeVisible()
    await expect(ada.page.getByText('The browser does not let this page use your microphone')).toHaveCount(0)

    await ada.button('Turn camera on').click()
    await expect(refused).toBeVisible()
    await adasBrowser.grantPermissions(['microphone', 'camera'])
    await ada.button('Turn camera on').click()
    await grace.expectPicture()
    await expect(refused).toHaveCount(0)
    await grace.expectSound()
  } finally {
    await asked.close()
  }
})

test('the call goes on while the relay is away, and says so; once it is back, a new person is met beside it', async ({
  relay,
  newBrowser,
}) => {
  // Three people and two calls: a minute alone, several on a machine that has other work.
  test.slow()
  const [ada, grace] = await twoTalking(relay.page, newBrowser)
  await relay.stop()
  await expect(ada.screen(GRACE)).toContainText('The relay is not reachable; you are still connected')
  await Promise.all([ada.expectPicture(), grace.expectPicture()])
  await ada.expectSound()
  await ada.button('Turn camera off').click()
  await expect(grace.said('Ada Lovelace’s camera is off')).toBeVisible()
  await relay.start()
  await expect(ada.screen(GRACE)).toContainText('Connected directly')
  await ada.button('Turn camera on').click()
  await grace.expectPicture()

  await ada.button('Make the call small').click()
  await ada.person.expectReachable()
  const alan = await meet(ada.person, await newBrowser(), ALAN)
  await alan.chatWith(ada.person, 'Beside the call')
  await Promise.all([ada.expectPicture(), grace.expectPicture()])
  await ada.expectSound()
})

test('closing the page hangs up', async ({ relay, newBrowser }) => {
  const [ada, grace] = await twoTalking(relay.page, newBrowser)
  await grace.page.close({ runBeforeUnload: true })
  await expect(ada.screen(GRACE)).toHaveCount(0)
  await expect(ada.news).toHaveText('Grace Hopper hung up')
})

test('a call waits for a page that sleeps, and after a while the connection is lost', async ({ relay, newBrowser }) => {
  const graces = await launcher.launch(chromium())
  try {
    const [ada, grace] = await twoTalking(relay.page, newBrowser, () => graces.newContext())
    const asleep = await sleepOf(graces)
    asleep.begin()
    await expect(ada.screen(GRACE)).toContainText('Reconnecting…')
    await ada.button('Turn microphone off').click()
    asleep.end()
    await expect(ada.screen(GRACE)).toContainText('Connected directly')
    await Promise.all([ada.expectPicture(), grace.expectPicture()])
    // What was switched meanwhile is sent once the other side is back.
    await expect(grace.said('Ada Lovelace is muted')).toBeVisible()

    asleep.begin()
    await expect(ada.screen(GRACE)).toContainText('The connection was lost', { timeout: 40_000 })
    await expect(ada.page.locator('video')).toHaveCount(0)
    asleep.end()
    await ada.button('Close').click()
    await expect(ada.person.lines).toHaveText([/^Call, \d:\d\d/])
  } finally {
    await graces.close()
  }
})

/** The processes that run the pages of a browser get no time for a while, as when a computer sleeps. */
async function sleepOf(browser: Browser): Promise<{ begin(): void; end(): void }> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  expect(renderers).not.toEqual([])
  const signal = (name: NodeJS.Signals) => {
    for (const id of renderers) process.kill(id, name)
  }
  return { begin: () => signal('SIGSTOP'), end: () => signal('SIGCONT') }
}

test('the devices that were chosen are remembered, and one that is unplugged is replaced', async ({ relay, newBrowser }) => {
  const [ada, grace] = await two(relay.page, newBrowser)
  await ada.button(`Call ${GRACE}`).click()
  const microphone = ada.page.getByRole('combobox', { name: 'Microphone' })
  await expect(microphone).toBeEnabled()
  const labels = await microphone.getByRole('option').allTextContents()
  const last = labels.at(-1) ?? ''
  await microphone.selectOption({ label: last })
  const speaker = ada.page.getByRole('combobox', { name: 'Speaker' })
  const lastSpeaker = (await speaker.getByRole('option').allTextContents()).at(-1) ?? ''
  await speaker.selectOption({ label: lastSpeaker })
  await ada.button('Turn camera off').click()
  await expect(ada.page.getByText('Your camera is off')).toBeVisible()
  await ada.button('Cancel').click()
  await ada.page.reload()
  await ada.button(`Call ${GRACE}`).click()
  await expect(microphone.locator('option:checked')).toHaveText(last)
  await expect(speaker.locator('option:checked')).toHaveText(lastSpeaker)
  await expect(ada.page.getByText('Your camera is off')).toBeVisible()
  await ada.button('Turn camera on').click()
  await ada.button('Call').click()
  await grace.accept(ADA)
  await grace.expectSound()
  expect(await ada.outputLabel()).toBe(lastSpeaker)

  // The one in use goes: the list no longer has it.
  await ada.page.evaluate((gone) => {
    const { mediaDevices } = navigator
    const all = mediaDevices.enumerateDevices.bind(mediaDevices)
    mediaDevices.enumerateDevices = async () => (await all()).filter(({ label }) => label !== gone)
    mediaDevices.dispatchEvent(new Event('devicechange'))
  }, last)
  await ada.button('Devices').click()
  await expect(microphone.getByRole('option', { name: last })).toHaveCount(0)
  await grace.expectSound()
})

test('a microphone that is plugged in during a call can be chosen, and is heard', async ({ relay, newBrowser }) => {
  const PLUGGED = 'Fake Audio Input 2'
  const adasBrowser = await newBrowser()
  await adasBrowser.addInitScript((label) => {
    const { mediaDevices } = navigator
    const all = mediaDevices.enumerateDevices.bind(mediaDevices)
    let isPlugged = false
    mediaDevices.enumerateDevices = async () => (await all()).filter((device) => isPlugged || device.label !== label)
    Object.assign(globalThis, {
      plugIn: () => {
        isPlugged = true
        mediaDevices.dispatchEvent(new Event('devicechange'))
      },
    })
  }, PLUGGED)
  const person = await Person.open(adasBrowser, relay.page, ADA)
  const [ada, grace] = [new Calling(person), new Calling(await meet(person, await newBrowser(), GRACE))]
  await ada.call(GRACE)
  await grace.accept(ADA)
  await grace.expectSound()
  await ada.button('Devices').click()
  const microphone = ada.page.getByRole('combobox', { name: 'Microphone' })
  await expect(microphone.getByRole('option')).not.toHaveCount(0)
  await expect(microphone.getByRole('option', { name: PLUGGED })).toHaveCount(0)

  await ada.page.evaluate(() => (globalThis as unknown as { plugIn(): void }).plugIn())
  await expect(microphone.getByRole('option', { name: PLUGGED })).toHaveCount(1)
  await expect(microphone.locator('option:checked')).not.toHaveText(PLUGGED)
  await microphone.selectOption({ label: PLUGGED })
  await expect(microphone.locator('option:checked')).toHaveText(PLUGGED)
  await ada.page.keyboard.press('Escape')
  await grace.expectSound()
  await expect(grace.said('Ada Lovelace is muted')).toHaveCount(0)
})

test('where the browser wants a click before it plays sound, there is one to make', async ({ relay, newBrowser }) => {
  const ada = await Person.open(await newBrowser(), relay.page, ADA)
  const gracesBrowser = await newBrowser()
  await gracesBrowser.addInitScript(() => {
    const { play } = HTMLMediaElement.prototype
    let isAllowed = false
    addEventListener(
      'click',
      (event) => {
        if (event.target instanceof Element && event.target.closest('.start-audio')) isAllowed = true
      },
      true,
    )
    HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
      return this.muted || isAllowed ? play.call(this) : Promise.reject(new DOMException('Not allowed', 'NotAllowedError'))
    }
  })
  const grace = new Calling(await meet(ada, gracesBrowser, GRACE))
  await new Calling(ada).call(GRACE)
  await grace.accept(ADA)
  await grace.button('Click to start audio').click()
  await grace.expectPicture()
  await expect(grace.button('Click to start audio')).toHaveCount(0)
})

test('by keyboard alone: called while writing, answered, made small, hung up', async ({ relay, newBrowser }) => {
  const [ada, grace] = await two(relay.page, newBrowser)
  const field = grace.page.getByRole('textbox', { name: 'Message Ada Lovelace' })
  await field.focus()
  await ada.call(GRACE)
  await expect(grace.incoming).toBeVisible()
  // A call does not take the keyboard away from a person who is writing.
  await expect(field).toBeFocused()
  await grace.button('Accept').focus()
  await grace.page.keyboard.press('Enter')
  await expect(grace.screen(ADA).getByRole('heading', { name: ADA, level: 1 })).toBeFocused()
  await grace.expectPicture()
  await grace.button('Make the call small').focus()
  await grace.page.keyboard.press('Enter')
  await field.focus()
  await grace.page.keyboard.type('Mv')
  await expect(field).toHaveValue('Mv')
  await expect(grace.button('Turn microphone off')).toBeVisible()
  await grace.expectPicture()
  await grace.button('Hang up').focus()
  await grace.page.keyboard.press('Enter')
  await expect(ada.news).toHaveText('Grace Hopper hung up')
})

for (const colorScheme of ['light', 'dark'] as const) {
  const asTheyLike = async (...people: Calling[]) => {
    for (const { page } of people) await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  }

  test(`${colorScheme}: axe finds nothing serious in a call, from the mirror to the small one`, async ({ relay, newBrowser }) => {
    const [ada, grace] = await two(relay.page, newBrowser)
    await asTheyLike(ada, grace)
    await ada.button(`Call ${GRACE}`).click()
    await expect(ada.mine).toBeVisible()
    expect(await findings(ada)).toEqual([])
    await ada.button('Call').click()
    await expect(grace.incoming).toBeVisible()
    expect(await findings(ada)).toEqual([])
    expect(await findings(grace)).toEqual([])
    await grace.accept(ADA)
    await ada.expectPicture()
    expect(await findings(ada)).toEqual([])
    await grace.button('Turn camera off').click()
    await ada.button('Turn microphone off').click()
    await expect(ada.said('Grace Hopper’s camera is off')).toBeVisible()
    await expect(grace.said('Ada Lovelace is muted')).toBeVisible()
    expect(await findings(grace)).toEqual([])
    expect(await findings(ada)).toEqual([])
    await ada.button('Devices').click()
    expect(await findings(ada)).toEqual([])
    await ada.page.keyboard.press('Escape')
    await expect(ada.screen(GRACE).getByRole('heading', { name: GRACE, level: 1 })).toBeVisible()
    await ada.button('Make the call small').click()
    expect(await findings(ada)).toEqual([])
    // A page has one first heading, and beside a small call the chat is what it is about.
    await expect(ada.page.getByRole('heading', { level: 1 })).toHaveCount(1)
  })

  test(`${colorScheme}: axe finds nothing serious after a call that was none`, async ({ relay, newBrowser }) => {
    const [ada, grace] = await two(relay.page, newBrowser)
    await asTheyLike(ada, grace)
    await ada.call(GRACE)
    await grace.button('Decline').click()
    await expect(ada.screen(GRACE)).toContainText('Grace Hopper declined')
    expect(await findings(ada)).toEqual([])
    await ada.button('Call again').click()
    await expect(grace.incoming).toBeVisible()
    await ada.button('Cancel').click()
    await expect(grace.person.lines.last()).toContainText('Missed call')
    expect(await findings(grace)).toEqual([])
  })
}

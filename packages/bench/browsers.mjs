// Servers, one or two browsers, and pages in them: what every run needs.
import { chromium as playwright } from 'playwright'
import { chromium } from '../../scripts/browsers.mjs'
import { BOUNDS } from './in-flight.mjs'
import { joinNamespace, setUpInside } from './network/namespace.mjs'
import { startServers } from './servers.mjs'
import { openPage } from './session.mjs'

/**
 * One browser for both ends; or, where a path lies between them (`isPath`), one at each of its ends. `obstacle`: why there is no namespace.
 * @param {(place: { browsers: object, servers: object, joined?: object }) => Promise<T>} run `joined`: the path, which does nothing at first
 * @returns {Promise<T>} once everything has ended
 * @template T
 */
export async function withBrowsers({ names, others, isPath, obstacle }, run) {
  const joined = isPath ? await joinNamespace() : undefined
  if (joined === undefined && obstacle === undefined) setUpInside()
  const servers = await startServers({ contenders: names, others, host: joined === undefined ? 'localhost' : '0.0.0.0' })
  const browsers = await launch(joined)
  try {
    return await run({ browsers, servers, joined })
  } finally {
    for (const browser of new Set(Object.values(browsers))) await browser.close()
    await servers.close()
    joined?.close()
  }
}

async function launch(joined) {
  const options = chromium()
  if (joined === undefined) {
    const browser = await playwright.launch(options)
    return { dialler: browser, callee: browser }
  }
  // Names of candidates are told by multicast, which the path does not carry.
  const args = [...options.args, '--disable-features=WebRtcHideLocalIpsWithMdns']
  // The servers are over here. By any other name their pages would be no secure context.
  const far = ['localhost', '127.0.0.1'].map((host) => `MAP ${host} ${joined.host}`)
  return {
    dialler: await playwright.launch({ ...options, args }),
    callee: await playwright.launch({
      ...options,
      args: [...args, `--host-resolver-rules=${far.join()}`],
      executablePath: joined.wrapper(options.executablePath),
    }),
  }
}

export async function openPages({ browsers, servers }, scripts) {
  return {
    dialler: await openPage(browsers.dialler, servers.page, scripts),
    callee: await openPage(browsers.callee, servers.page, scripts),
  }
}

/** Which module a contender is made of: another build of the SDK is one more Kith, a bounded raw one is raw. */
export function optionsOf(name, servers, room) {
  const bound = BOUNDS.get(name)
  if (bound !== undefined) return { module: 'raw', bound, servers, room: `${name}-${room}` }
  const isOurs = !['raw', 'simple-peer', 'peerjs', 'libp2p'].includes(name)
  return { module: isOurs ? 'kith' : name, sdk: isOurs ? `/sdk/${name}/index.js` : undefined, servers, room: `${name}-${room}` }
}

/** Messages between the tabs of one profile. */
export interface Tabs<Message> {
  /** To the others, not to this one. */
  post(message: Message): void
}

/** Where the browser has no channel for this page (cookies blocked), tabs do not see each other, and each keeps its state in memory. */
export function openTabs<Message>(name: string, hear: (message: Message) => void): Tabs<Message> {
  try {
    const channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<Message>) => hear(data)
    return { post: (message) => channel.postMessage(message) }
  } catch (error) {
    console.warn('Tabs of this page do not see each other:', error)
    return { post: () => undefined }
  }
}

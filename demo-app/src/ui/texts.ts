/** Words of the parts that every feature uses. */
export const text = {
  close: 'Close',
  cancel: 'Cancel',
  copy: { copied: 'Copied', failed: 'Press Ctrl+C to copy' },
  failed: 'That did not work. Please try again.',
  today: 'Today',
  yesterday: 'Yesterday',
  justNow: 'just now',
} as const

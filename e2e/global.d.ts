/** `window.Kith`, in what is given to `page.evaluate` on a page with the script-tag build. */
declare const Kith: typeof import('@kith/sdk')

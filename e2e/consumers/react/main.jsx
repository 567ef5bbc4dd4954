import * as kith from '@kith/sdk'
import { StrictMode, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { meet, show } from '../pages/meet.js'

/** In development StrictMode runs each effect, cleans up, and runs it again: a peer is made, closed and made again at once. */
function App() {
  useEffect(() => {
    show('effect')
    const opening = kith.createPeer()
    opening
      .then((peer) => meet(kith, peer, 'react'))
      .catch((error) => show(error.code === 'closed' ? 'closed' : `failed: ${error}`))
    return () => void opening.then((peer) => peer.close())
  }, [])
  return <h1>React</h1>
}

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <App />
  </StrictMode>,
)

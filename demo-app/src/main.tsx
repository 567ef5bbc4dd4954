import { render } from 'preact'
import { App } from './components/App.tsx'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/dialog.css'
import './styles/layout.css'
import './styles/people.css'
import './styles/chat.css'
import './styles/documents.css'
import './styles/call/screen.css'
import './styles/call/tile.css'
import './styles/call/controls.css'
import './styles/call/small.css'
import './styles/call/before-and-after.css'
import './styles/call/incoming.css'
import './styles/pages.css'

const root = document.getElementById('app')
if (!root) throw new Error('index.html has no #app')
render(<App />, root)

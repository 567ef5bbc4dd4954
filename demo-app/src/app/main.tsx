import { render } from 'preact'
import { App } from './components/App.tsx'
import '../ui/styles/tokens.css'
import '../ui/styles/base.css'
import '../ui/styles/controls.css'
import '../ui/styles/dialog.css'
import './styles/layout.css'
import '../people/styles/people.css'
import '../chat/styles/chat.css'
import '../documents/styles/documents.css'
import '../call/styles/screen.css'
import '../call/styles/tile.css'
import '../call/styles/controls.css'
import '../call/styles/small.css'
import '../call/styles/before-and-after.css'
import '../call/styles/incoming.css'
import '../arrival/styles/pages.css'

const root = document.getElementById('app')
if (!root) throw new Error('index.html has no #app')
render(<App />, root)

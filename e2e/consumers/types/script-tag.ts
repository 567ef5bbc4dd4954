/// <reference types="@kith/sdk" />
// The script-tag build: no import, the global is typed.
void Kith.createPeer().then((peer) => Kith.isPeerId(peer.id))

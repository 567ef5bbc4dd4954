const sdk = require('@kith/sdk')
const relay = require('@kith/relay')
const { check } = require('./check.cjs')

check(sdk, relay)

#!/usr/bin/env node
// Launcher only: the Node check must come before anything that an older Node cannot parse.
import nodeModule from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`llmgw needs Node 20.19 or newer, found ${process.versions.node}\n`)
  process.exit(3)
}
nodeModule.enableCompileCache?.()
process.setSourceMapsEnabled(process.argv.includes('--debug'))
const { main } = await import('../dist/main.js').catch((error) => {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error
  process.stderr.write('llmgw is not built yet: run "npm run build" in its folder first\n')
  process.exit(3)
})
process.exitCode = await main(process.argv.slice(2))

// Writes docs/screens: what a run shows in a real terminal (tmux), at 80 and 160 columns, with and without colour.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const DEADLINE_MS = 300_000
const home = mkdtempSync(join(tmpdir(), 'llmgw-screens-'))
const socket = join(home, 'tmux')
const env = {
  PATH: `${home}:${process.env.PATH}`,
  HOME: home,
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(process.env.HOME, '.cache'),
  TERM: 'xterm-256color',
  LANG: 'C.UTF-8',
  PS1: '',
  LLMGW_SANDBOX_CHARTS: 'stand-in',
  LLMGW_SANDBOX_TOOLS: process.env.LLMGW_SANDBOX_TOOLS ?? 'auto',
  LLMGW_SANDBOX_RUNTIME: 'simulated',
}
writeFileSync(join(home, 'llmgw'), `#!/bin/sh\nexec '${process.execPath}' '${resolve('bin/llmgw.js')}' "$@"\n`)
chmodSync(join(home, 'llmgw'), 0o755)

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, cwd: home, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return stdout
}
const tmux = (...args) => run('tmux', ['-S', socket, ...args])
const type = (...keys) => tmux('send-keys', '-t', 'screen', ...keys)
/** The screen with what has left it at the top; blank lines below are no part of it. */
const screen = (...options) => tmux('capture-pane', '-p', '-S', '-', '-t', 'screen', ...options).trimEnd()

async function until(pattern) {
  const deadline = Date.now() + DEADLINE_MS
  while (!pattern.test(screen())) {
    if (Date.now() > deadline) throw new Error(`${pattern} did not show:\n${screen()}`)
    await sleep(100)
  }
}

async function start(words) {
  type('clear; tmux -S "$TMUX_SOCKET" clear-history', 'Enter')
  await sleep(500)
  type(`echo '$ ${words}'; ${words}; echo "[exit $?]"`, 'Enter')
}

/** What stands on the screen, without the line that was typed and the prompt after it. */
function frame(options) {
  const text = screen(...options)
  const shown = text.slice(text.indexOf('\n$ ') + 1)
  const end = /^\[exit \d+\].*$/m.exec(shown)
  return end === null ? shown : shown.slice(0, end.index + end[0].length)
}
const frames = () => ({ plain: frame([]), colour: frame(['-e']) })

function keep(name, columns, ...shown) {
  for (const [ending, kind] of [
    ['', 'plain'],
    ['-colour', 'colour'],
  ])
    writeFileSync(`docs/screens/${name}-${columns}${ending}.txt`, `${shown.map((one) => one[kind]).join('\n\n')}\n`)
}

async function record(columns) {
  spawnSync('tmux', ['-S', socket, 'kill-server'], { env })
  tmux(
    'new-session',
    '-d',
    '-s',
    'screen',
    '-x',
    String(columns),
    '-y',
    '60',
    '-e',
    `TMUX_SOCKET=${socket}`,
    'bash --norc --noprofile',
  )
  run('llmgw', ['sandbox', 'up'])

  await start('llmgw deploy all --yes --sandbox')
  await until(/✔ Install External Secrets/)
  const midway = frames()
  await until(/^\[exit \d+\]/m)
  keep('fresh', columns, midway, frames())

  await start('llmgw deploy all --yes --sandbox')
  await until(/^\[exit \d+\]/m)
  keep('noop', columns, frames())

  await start('llmgw deploy all --sandbox')
  await until(/\[S\]kip/)
  type('v')
  await until(/owner llmgw/)
  await sleep(500)
  type('a')
  await until(/^\[exit \d+\]/m)
  keep('questions', columns, frames())

  const quota = join(home, 'quota.json')
  const metadata = { name: 'no-pods', namespace: 'litellm' }
  writeFileSync(
    quota,
    JSON.stringify({ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { pods: '0' } } }),
  )
  const kubeconfig = join(home, '.local/state/llmgw/sandboxes/default/kubeconfig')
  const kubectl = (...args) => run('kubectl', ['--kubeconfig', kubeconfig, '-n', 'litellm', ...args])
  kubectl('apply', '-f', quota)
  kubectl('delete', 'deployment', 'redis-redis-ha-haproxy')
  await start('llmgw deploy all --yes --sandbox')
  await until(/^\[exit \d+\]/m)
  keep('failure', columns, frames())
  run('llmgw', ['sandbox', 'down'])
}

try {
  for (const columns of [80, 160]) await record(columns)
} finally {
  spawnSync('tmux', ['-S', socket, 'kill-server'], { env })
  spawnSync('llmgw', ['sandbox', 'down'], { env, cwd: home })
  rmSync(home, { recursive: true, force: true })
}

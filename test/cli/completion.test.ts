import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-completion-'))
  await writeFile(join(folder, 'llmgw.bash'), (await runCli('completion bash')).stdout)
  await writeFile(join(folder, 'my values.yaml'), '')
})
afterAll(async () => await rm(folder, { recursive: true }))

/** What bash offers for the last of these words. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `source ./llmgw.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _llmgw; printf '%s\\n' "\${COMPREPLY[@]}"`
  const run = ['--norc', '-c', script, 'bash', 'llmgw', ...words]
  return execFileSync('bash', run, { cwd: folder, encoding: 'utf8' }).split('\n').filter(Boolean)
}

describe('completion of bash', () => {
  it.each([
    ['commands', ['de'], ['deploy', 'destroy']],
    ['commands of a command', ['sandbox', 'st'], ['status']],
    ['names of components', ['deploy', 'redis', 'na'], ['namespaces']],
    ['flags of a command', ['plan', '--ex'], ['--exit-code']],
    ['flags of the program, anywhere', ['sandbox', 'up', '--deb'], ['--debug']],
    ['choices of a flag', ['deploy', 'all', '--on-existing', 'skip'], ['skip-healthy', 'skip']],
    ['choices behind an equals sign, as bash splits it', ['--output', '=', 'nd'], ['ndjson']],
    ['nothing for a value that nobody can guess', ['deploy', '--timeout', ''], []],
    ['codes', ['explain', 'WrongAcc'], ['WrongAccount']],
    ['files', ['--config', 'my'], ['my values.yaml']],
    ['components of a flag', ['deploy', 'all', '--skip', 're'], ['redis']],
    ['commands behind a flag with a value', ['--config', 'plan', 'stat'], ['status']],
    ['commands behind a sandbox', ['--sandbox', 'sta'], ['status']],
    ['commands behind a named sandbox', ['--sandbox', '=', 'plan', 'sta'], ['status']],
    ['nothing for what is no command', ['xyz'], []],
  ])('offers %s', (_what, words, expected) => {
    expect(offered(...words)).toEqual(expected)
  })

  it('knows every command that help lists', async () => {
    const { stdout } = await runCli('--help')
    const listed = [...((stdout.split('\nCommands:\n')[1] ?? '').split('\n\n')[0]?.matchAll(/^ {2}([a-z-]+) /gm) ?? [])]
    expect(listed.length).toBeGreaterThan(8)
    expect([...offered('')].sort()).toEqual(listed.map(([, name]) => name).sort())
  })
})

it.each(['zsh', 'fish'])('completion of %s names commands, flags and choices', async (shell) => {
  const { code, stdout } = await runCli(`completion ${shell}`)
  expect(code).toBe(0)
  for (const word of ['deploy', 'on-existing', 'skip-healthy', 'namespaces', 'WrongAccount'])
    expect(stdout).toContain(word)
})

it('another shell is refused', async () => {
  const { code, stderr } = await runCli('completion tcsh')
  expect(code).toBe(2)
  expect(stderr).toContain('Allowed choices are bash, zsh, fish')
})

import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

let state: string
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'llmgw-cli-sandbox-'))
})
afterEach(async () => await rm(state, { recursive: true }))

const run = (args: string) => runCli(args, { env: { XDG_STATE_HOME: state } })

describe('which sandbox a command is for', () => {
  it.each([
    ['sandbox down', 'default'],
    ['sandbox down --name other', 'other'],
    ['--sandbox=other sandbox down', 'other'],
    ['--sandbox sandbox down', 'default'],
    ['sandbox down --name other --sandbox=other', 'other'],
  ])('%s: %s', async (args, name) => {
    expect(await run(args)).toMatchObject({ code: 0, stdout: `there was no sandbox ${name}\n` })
    expect((await run(args.replace('down', 'status --output json'))).stdout).toContain(`"name":"${name}"`)
  })

  it('is refused when it is named twice, and nothing is ended', async () => {
    const sandboxes = join(state, 'llmgw', 'sandboxes')
    await mkdir(join(sandboxes, 'one'), { recursive: true })
    const { code, stderr } = await run('--sandbox=one sandbox down --name two')
    expect([code, stderr]).toEqual([
      2,
      'error: --name is "two", but --sandbox is "one"\n  next: name the sandbox once\n',
    ])
    expect(await readdir(sandboxes)).toEqual(['one'])
  })
})

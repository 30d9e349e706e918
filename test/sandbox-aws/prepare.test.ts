import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { prepareAws } from '../../src/sandbox/aws/index.ts'

const path = process.env.PATH
let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-python-test-'))
  process.env.PATH = dir
})
afterEach(async () => {
  process.env.PATH = path
  await rm(dir, { recursive: true, force: true })
})

async function python(script: string): Promise<void> {
  await writeFile(join(dir, 'python3'), `#!/bin/sh\n${script}\n`)
  await chmod(join(dir, 'python3'), 0o755)
}
const prepare = async () => await prepareAws(join(dir, 'cache'), () => undefined, new AbortController().signal)

describe('prepareAws', () => {
  test('says what to install where there is no Python', async () => {
    await expect(prepare()).rejects.toMatchObject({ code: 'PythonNotFound', hint: expect.stringContaining('install') })
  })

  test('refuses a Python that is too old, and names it', async () => {
    await python(`echo '[[3, 8, 1], "linux-x86_64", "/usr"]'`)
    await expect(prepare()).rejects.toMatchObject({
      code: 'PythonTooOld',
      message: 'python3 is 3.8.1, the AWS emulator needs 3.10 or later',
    })
  })

  test('leaves nothing behind when the packages cannot be installed', async () => {
    const venv =
      'case "$1" in -c) echo \'[[3, 12, 1], "linux-x86_64", "/usr"]\';; *) echo "no venv here" >&2; exit 1;; esac'
    await python(venv)
    await expect(prepare()).rejects.toMatchObject({ code: 'AwsEmulatorNotInstalled', cause: 'no venv here' })
    expect(await readdir(join(dir, 'cache', 'python'))).toEqual([])
  })
})

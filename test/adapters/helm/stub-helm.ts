import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What one call of the stub saw. */
interface SeenCall {
  readonly argv: readonly string[]
  readonly stdin: string
  readonly env: Readonly<Record<string, string>>
}

export interface StubHelm {
  readonly binary: string
  calls(): Promise<readonly SeenCall[]>
}

/** A `helm` that notes how it was called and answers as told. */
export async function stubHelm(
  dir: string,
  answer: {
    readonly version?: string
    readonly stderr?: string
    readonly exitCode?: number
    /** How many calls fail, the others being fine; default: all. */
    readonly failures?: number
    readonly stdout?: string
  } = {},
): Promise<StubHelm> {
  const { version = 'v4.3.1', stderr = '', stdout = '', exitCode = 0, failures = -1 } = answer
  await mkdir(dir, { recursive: true })
  const binary = join(dir, 'helm')
  const log = join(dir, 'calls.ndjson')
  await writeFile(log, '')
  const script = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs')
const argv = process.argv.slice(2)
const isVersion = argv[0] === 'version'
const stdin = isVersion ? '' : readFileSync(0, 'utf8')
appendFileSync(${JSON.stringify(log)}, JSON.stringify({ argv, stdin, env: process.env }) + '\\n')
const asked = readFileSync(${JSON.stringify(log)}, 'utf8').split('\\n').filter((line) => line !== '' && JSON.parse(line).argv[0] !== 'version')
const isFine = isVersion || (${failures} >= 0 && asked.length > ${failures})
process.stdout.write(isVersion ? ${JSON.stringify(version)} : ${JSON.stringify(stdout)})
process.stderr.write(isFine ? '' : ${JSON.stringify(stderr)})
process.exitCode = isFine ? 0 : ${exitCode}
`
  await writeFile(binary, script)
  await chmod(binary, 0o700)
  return {
    binary,
    async calls() {
      const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '')
      return lines.map((line) => JSON.parse(line) as SeenCall)
    },
  }
}

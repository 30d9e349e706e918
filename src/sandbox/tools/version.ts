import { access, constants } from 'node:fs/promises'
import { execa } from 'execa'
import semver from 'semver'
import { TOOLS, type ToolName } from './pins.ts'

const ANSWER_WITHIN_MS = 20_000

/** First semantic version in a tool's own words, e.g. `etcd Version: 3.6.6`. */
export function parseVersion(output: string): string | undefined {
  return /\bv?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?)/.exec(output)?.[1]
}

export async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** The version that the program itself names, or undefined when it does not run or names none. */
export async function versionOf(
  tool: ToolName,
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const { stdout, stderr, exitCode } = await execa(file, [...TOOLS[tool].versionArgs], {
    reject: false,
    extendEnv: false,
    env: environment,
    timeout: ANSWER_WITHIN_MS,
  })
  return exitCode === 0 ? parseVersion(`${stdout}\n${stderr}`) : undefined
}

/** Whether a version does as well as the pinned one. */
export function fits(tool: ToolName, version: string | undefined): version is string {
  return version !== undefined && semver.satisfies(version, TOOLS[tool].accepts, { includePrerelease: true })
}

import { appendFile } from 'node:fs/promises'
import type { Told } from './meet.ts'
import type { World } from './world.ts'

/** A world, and what was said of it. */
export interface Row {
  readonly world: string
  readonly command: string
  readonly code: string
  readonly cause: string
  readonly exit: number
  readonly next: string
}

/** Names that differ from run to run. */
const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/(litellm|haproxy)-[0-9a-f]{6,10}-[a-z0-9]{5}\b/g, '$1-…'],
  [/migrations-[a-z0-9]{5}\b/g, 'migrations-…'],
  [/--(sandbox=|config )\S+ /g, ''],
  [/in revision \d+/g, 'in revision N'],
  [/127\.\d+\.\d+\.\d+(:\d+)?/g, 'ADDRESS'],
  [/"\/\S*\/helm"/g, '"helm"'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'],
]

const stable = (text: string): string => CHANGING.reduce((so, [pattern, by]) => so.replace(pattern, by), text)

export function rowOf({ name, command = 'diagnose' }: World, { code, message, hint, ended }: Told): Row {
  return {
    world: name,
    command: `llmgw ${command}`,
    code,
    cause: stable(message),
    exit: ended.code ?? -1,
    next: stable(hint),
  }
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** The page of the documentation that a run of all worlds writes. */
export function pageOf(rows: readonly Row[]): string {
  return [
    '# Broken worlds, and what llmgw says of them',
    '',
    'Each of these is made in a sandbox by `npm run test:worlds`, met by the command, and mended by `llmgw deploy all` (after',
    'what somebody else did was taken back). This page is what was said then; the test fails where it says something else.',
    'Pods that fail do so in the words of a kubelet; everything else is the real API server, scheduler, controllers, operators,',
    'Helm and an emulated AWS. `LLMGW_WORLDS_REPORT=FILE` keeps a line of JSON for each world, with the time that it took.',
    '',
    '| in a world in which | met by | cause | exit code | next |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ world, command, code, cause, exit, next }) =>
        `| ${cell(world)} | \`${command}\` | [${code}](codes/${code}.md): ${cell(cause)} | ${exit} | ${next === '' ? '' : cell(next)} |`,
    ),
    '',
  ].join('\n')
}

/** Keeps what was measured where the user asked for it. */
export async function report(row: Row, afterMs: number, mended: boolean): Promise<void> {
  const file = process.env.LLMGW_WORLDS_REPORT
  if (file) await appendFile(file, `${JSON.stringify({ ...row, afterMs, mended })}\n`)
}

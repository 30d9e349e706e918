import { redact } from '../secret.ts'
import { indented, padded, type Style } from './layout.ts'

/** A logical secret as it is shown: never its value. */
interface ShownSecret {
  readonly name: string
  readonly class: string
  readonly remote: string
  readonly state: 'ok' | 'missing' | 'no-value' | 'pending-deletion'
  readonly version?: string
  readonly changedAt?: string
  readonly deletedAt?: string
  readonly rotating: boolean
  readonly copies: readonly {
    readonly secret: string
    readonly key: string
    readonly state: 'current' | 'old' | 'absent'
  }[]
  readonly pods: { readonly total: number; readonly current: number; readonly old: readonly string[] }
}

const SHOWN_ID = 8
const LONGEST_LIST = 5

/**
 * Each secret with its version, copies and pods, and beneath it what is not as it should be.
 * @param unused names in AWS that the configuration no longer has
 */
export function renderSecrets(secrets: readonly ShownSecret[], style: Style, unused: readonly string[] = []): string {
  const rows = secrets.map(cells)
  const head = ['SECRET', 'CLASS', 'VERSION', 'CHANGED', 'COPIES', 'PODS']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)) + 2)
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) => padded(text, widths[column] ?? 0))
      .join('')
      .trimEnd()
  const lines = secrets.flatMap((secret, index) => [
    line(rows[index] ?? []),
    ...troubles(secret).map((text) => indented(`${style.paint.yellow('!')} ${text}`, style.width, [2, 2])),
  ])
  const rest = unused.length === 0 ? [] : ['', 'no longer used, and kept:', ...unused.map((name) => `  ${name}`)]
  return redact([style.paint.bold(line(head)), ...lines, ...rest].join('\n'))
}

function cells({ name, class: kind, version, changedAt, copies, pods }: ShownSecret): readonly string[] {
  const synced = copies.filter(({ state }) => state === 'current').length
  return [
    name,
    kind,
    version?.slice(0, SHOWN_ID) ?? '-',
    changedAt?.slice(0, 10) ?? '-',
    `${synced}/${copies.length}`,
    `${pods.current}/${pods.total}`,
  ]
}

function troubles({ name, remote, state, deletedAt, rotating, copies, pods }: ShownSecret): readonly string[] {
  const wrong = copies.filter((copy) => copy.state !== 'current')
  return [
    ...(state === 'missing' ? [`${remote} is not there`] : []),
    ...(state === 'no-value' ? [`${remote} has no value: llmgw secrets set ${name}`] : []),
    ...(state === 'pending-deletion'
      ? [`${remote} is scheduled for deletion at ${deletedAt}: llmgw deploy secrets --restore-secrets`]
      : []),
    ...(rotating ? [`a rotation has not ended: llmgw secrets rotate ${name}, or back: --back`] : []),
    ...(wrong.length === 0
      ? []
      : [`${list(wrong.map((copy) => `${copy.secret} (${copy.key}) is ${copy.state}`))}: llmgw secrets sync ${name}`]),
    ...(pods.old.length === 0 ? [] : [`started with an older version: ${list(pods.old)}`]),
  ]
}

function list(texts: readonly string[]): string {
  const rest = texts.length - LONGEST_LIST
  return `${texts.slice(0, LONGEST_LIST).join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`
}

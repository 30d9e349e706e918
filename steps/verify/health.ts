import type { Health } from '../../src/ports/index.ts'

/** What keeps objects from being ready, in words; empty when all are. */
export function readinessWords(health: readonly Health[]): readonly string[] {
  return health.flatMap((one) => words(one) ?? [])
}

function words(one: Health): string | undefined {
  const { kind, name, namespace } = one.ref
  const object = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
  if (one.health === 'absent') return `${object} is not there`
  if (one.health === 'progressing') return `${object} is not ready: ${one.waitingFor}`
  if (one.health === 'failed') return [`${object}: ${one.cause.message}`, ...(one.cause.evidence ?? [])].join(': ')
  return undefined
}

import type { Api } from '../control-plane/api.ts'
import type { RoleDefinition } from './definition.ts'

/** The first kind that the API server does not serve yet, or undefined when all are there. */
export async function missingKind(api: Api, kinds: NonNullable<RoleDefinition['kinds']>): Promise<string | undefined> {
  for (const [path, plurals] of Object.entries(kinds)) {
    const { status, text } = await api.call('GET', path)
    const resources = status === 200 ? (JSON.parse(text) as { resources: readonly { name: string }[] }).resources : []
    const missing = plurals.find((plural) => !resources.some(({ name }) => name === plural))
    if (missing !== undefined) return `${missing} of ${path}`
  }
  return undefined
}

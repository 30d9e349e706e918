import type { Api } from '../control-plane/api.ts'

/** What the controller looks up once at its start, and ends without. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  '/apis/external-secrets.io/v1': ['externalsecrets', 'clusterexternalsecrets', 'secretstores', 'clustersecretstores'],
  '/apis/external-secrets.io/v1alpha1': ['pushsecrets', 'clusterpushsecrets'],
  '/apis/generators.external-secrets.io/v1alpha1': ['generatorstates'],
}

/** The first kind that the API server does not serve yet, or undefined when all are there. */
export async function missingKind(api: Api): Promise<string | undefined> {
  for (const [path, plurals] of Object.entries(NEEDED)) {
    const { status, text } = await api.call('GET', path)
    const resources = status === 200 ? (JSON.parse(text) as { resources: readonly { name: string }[] }).resources : []
    const missing = plurals.find((plural) => !resources.some(({ name }) => name === plural))
    if (missing !== undefined) return `${missing} of ${path}`
  }
  return undefined
}

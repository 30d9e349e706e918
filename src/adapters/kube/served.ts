import { readDiscovery } from './documents.ts'
import type { Rest } from './rest.ts'

/** Source: Kubernetes API concepts, "Aggregated discovery": v2 since 1.30, v2beta1 since 1.27; older servers list groups alone. */
const AGGREGATED = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',')

/** Names (`plural.group`) of what is served and may be created: a definition that is being removed leaves out that verb. */
export async function servedNames(
  rest: Rest,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string> | undefined> {
  const attempt = { verb: 'discover', object: 'API groups' }
  const answer = await rest.call({
    method: 'GET',
    path: '/apis',
    accept: AGGREGATED,
    attempt,
    idempotent: true,
    signal,
  })
  const found = readDiscovery(answer.text, { server: rest.server, attempt })
  return found && new Set(found.filter(({ verbs }) => verbs.includes('create')).map(nameOf))
}

const nameOf = ({ plural, group }: { readonly plural: string; readonly group: string }): string => `${plural}.${group}`

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { ChartLock } from '../../src/adapters/charts/lock.ts'
import type { HelmRunner } from '../../src/adapters/helm/runner.ts'
import { render } from '../../src/adapters/helm/template.ts'
import { isTree } from '../../src/config/merge.ts'
import type { Config } from '../../src/config/schema.ts'
import type { KubeObject, ReleaseSpec } from '../../src/ports/index.ts'
import { TLS_KEYS, tlsSecret } from '../../steps/redis/tls.ts'
import { releasesOf } from './configurations.ts'
import { MADE_LATER } from './rendered/made-later.ts'
import type { Whole } from './rendered/whole.ts'

/** A platform as charts in a folder render it. */
export interface RenderedPlatform extends Whole {
  readonly charts: readonly string[]
  /** Charts that the folder lacks. */
  readonly lacking: readonly string[]
}

/** Kinds without a namespace of their own, as far as charts make them. */
const CLUSTER_WIDE =
  /^(Cluster.*|CustomResourceDefinition|Namespace|.*WebhookConfiguration|PriorityClass|StorageClass|APIService|ConstraintTemplate|.*AdmissionPolicy(Binding)?)$/

/** Renders every release of a configuration. @throws Error when one does not render */
export async function renderPlatform(
  config: Config,
  from: { readonly folder: string; readonly lock: ChartLock; readonly helm: HelmRunner },
): Promise<RenderedPlatform> {
  const objects: KubeObject[] = []
  const charts: string[] = []
  const lacking: string[] = []
  for (const spec of await releasesOf(config)) {
    const { name, version } = from.lock[spec.chart] ?? { name: spec.chart, version: 'not locked' }
    const archive = join(from.folder, `${name}-${version}.tgz`)
    const isThere = await access(archive).then(
      () => true,
      () => false,
    )
    if (!isThere) {
      lacking.push(`${name}-${version}.tgz`)
      continue
    }
    const rendering = await render(from.helm, archive, spec)
    if ('failure' in rendering) throw new Error(`${name} ${version} does not render: ${rendering.failure}`)
    charts.push(`${name} ${version}`)
    objects.push(...objectsOf(rendering.text, spec))
  }
  const synced = config.secrets.synced.map(({ namespace, name, keys }) => ({
    namespace: config.namespaces[namespace],
    name,
    keys: Object.keys(keys),
  }))
  const tls = tlsSecret(config)
  // The user's own, e.g. of cert-manager.
  const given = tls ? [{ ...tls, keys: Object.values(TLS_KEYS) }] : []
  return { objects, synced: [...synced, ...given], madeLater: MADE_LATER, charts, lacking }
}

/** Objects of a rendering, but for the tests that only `helm test` makes; each with the namespace it goes to. */
function objectsOf(text: string, { namespace }: ReleaseSpec): readonly KubeObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS({ maxAliasCount: 1_000 }) as unknown)
    .filter((object): object is KubeObject => isTree(object) && 'kind' in object && 'metadata' in object)
    .filter(({ metadata }) => !/test/.test(String(metadata.annotations?.['helm.sh/hook'] ?? '')))
    .map((object) =>
      CLUSTER_WIDE.test(object.kind)
        ? object
        : { ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace } },
    )
}

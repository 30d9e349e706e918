import type { Config } from '../../src/config/schema.ts'
import { applied, ready } from '../../src/engine/step.ts'
import type { KubeObject, Services } from '../../src/ports/index.ts'
import { RELEASES } from '../names.ts'
import { namespaces } from '../namespaces.ts'
import { plainObjects } from '../plain-objects.ts'
import { monitoringCrds } from './monitoring-crds.ts'
import { always, type MonitoringFile, monitoringObjects, withJaeger, withRedis } from './objects.ts'
import { monitoringOff } from './off.ts'

/** What is scraped: by which release it comes, and the role of the namespace where it runs. */
const FILES: readonly (MonitoringFile & { readonly release: string; readonly home: keyof Config['namespaces'] })[] = [
  { file: 'manifests/monitoring/monitors/litellm.yaml', when: always, release: RELEASES.litellm.name, home: 'gateway' },
  { file: 'manifests/monitoring/monitors/redis.yaml', when: withRedis, release: RELEASES.redis.name, home: 'gateway' },
  {
    file: 'manifests/monitoring/monitors/jaeger.yaml',
    when: withJaeger,
    release: RELEASES.jaeger.name,
    home: 'monitoring',
  },
  {
    file: 'manifests/monitoring/monitors/external-secrets.yaml',
    when: always,
    release: RELEASES.externalSecrets.name,
    home: 'secrets',
  },
]

/** A ServiceMonitor or PodMonitor of this configuration, and the release whose pods it is about. */
export interface Monitor {
  readonly object: KubeObject
  readonly release: { readonly name: string; readonly namespace: string }
}

/** The monitors of this configuration, each bound to one namespace. */
export async function wantedMonitors(ctx: Services): Promise<readonly Monitor[]> {
  const monitors = await Promise.all(
    FILES.map(async (entry) => {
      const release = { name: entry.release, namespace: ctx.config.namespaces[entry.home] }
      const namespaceSelector = { matchNames: [release.namespace] }
      const found = await monitoringObjects(ctx, [entry])
      return found.map((object) => ({
        release,
        object: { ...object, spec: { ...(object.spec as object), namespaceSelector } },
      }))
    }),
  )
  return monitors.flat()
}

/** Tells Prometheus what to scrape of ours; the chart tells it what to scrape of the cluster. */
export const monitors = plainObjects({
  id: 'monitors',
  title: 'Tell Prometheus what to scrape',
  component: 'monitoring',
  needs: [applied(namespaces), ready(monitoringCrds)],
  off: monitoringOff,
  objects: async (ctx) => (await wantedMonitors(ctx)).map(({ object }) => object),
})

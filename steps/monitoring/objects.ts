import type { Config } from '../../src/config/schema.ts'
import type { KubeObject, Services } from '../../src/ports/index.ts'
import { asObject } from '../desired.ts'
import { ownLabels } from '../ownership.ts'

/** A data file, and whether this configuration has what it is about. */
export interface MonitoringFile {
  readonly file: string
  readonly when: (config: Config) => boolean
}

export const always = () => true
export const withRedis = ({ cache }: Config): boolean => cache.kind === 'redis-ha'
export const withJaeger = ({ tracing }: Config): boolean => tracing.kind === 'jaeger'

/** The objects of these files in the namespace of monitoring, marked as ours. */
export async function monitoringObjects(
  ctx: Services,
  files: readonly MonitoringFile[],
): Promise<readonly KubeObject[]> {
  const wanted = files.filter(({ when }) => when(ctx.config))
  return await Promise.all(
    wanted.map(async ({ file }) => {
      const [document] = await ctx.assets.documents(file)
      const object = asObject(document, file)
      const metadata = { ...object.metadata, namespace: ctx.config.namespaces.monitoring, labels: ownLabels(ctx) }
      return { ...object, metadata }
    }),
  )
}

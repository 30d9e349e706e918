import type { Assets } from '../../src/ports/index.ts'
import { configMark } from '../config-mark.ts'
import type { Values } from '../helm-release/merge-values.ts'

/** A module in Python that LiteLLM loads from beside its configuration. */
export interface PythonModule {
  /** As it is imported. */
  readonly name: string
  /** Path of the data file. */
  readonly asset: string
  readonly configMap: string
  readonly volume: string
  /** Annotation of the pods. */
  readonly mark: string
}

const fileOf = ({ name }: PythonModule): string => `${name}.py`

/** The module as a ConfigMap of the release, and a mark that rolls the pods when it differs: a file by subPath stays as it was. */
export async function moduleValues(module: PythonModule, assets: Assets): Promise<Values> {
  const text = await assets.text(module.asset)
  const data = { [fileOf(module)]: text }
  return {
    extraResources: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: module.configMap }, data }],
    gateway: { podAnnotations: { [module.mark]: configMark(text) } },
  }
}

/** Puts the modules that these values hold beside the configuration file, and leaves the volumes that are there. */
export function moduleMounts(modules: readonly PythonModule[], values: Values): Values {
  const { extraResources = [], gateway } = values as {
    readonly extraResources?: readonly { readonly metadata: { readonly name: string } }[]
    readonly gateway?: { readonly volumes?: readonly unknown[]; readonly volumeMounts?: readonly unknown[] }
  }
  const there = modules.filter(({ configMap }) => extraResources.some(({ metadata }) => metadata.name === configMap))
  if (there.length === 0) return {}
  const volumes = there.map(({ volume, configMap }) => ({ name: volume, configMap: { name: configMap } }))
  const mounts = there.map((module) => ({
    name: module.volume,
    mountPath: `/app/config/${fileOf(module)}`,
    subPath: fileOf(module),
    readOnly: true,
  }))
  return {
    gateway: {
      volumes: [...(gateway?.volumes ?? []), ...volumes],
      volumeMounts: [...(gateway?.volumeMounts ?? []), ...mounts],
    },
  }
}

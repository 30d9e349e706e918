import type { ComponentName, Config } from '../../src/config/schema.ts'
import type { Need } from '../../src/engine/step.ts'
import type {
  ChartInfo,
  KubeObject,
  ObjectRef,
  ReleaseRecord,
  ReleaseSpec,
  Services,
  StepContext,
} from '../../src/ports/index.ts'
import { refOf } from '../desired.ts'
import { durationMs } from '../names.ts'
import { mergeValues, type Values } from './merge-values.ts'
import { operatorClaims, operatorSets } from './operator-made.ts'

/** `resources` of a container, as values name them. */
export interface ResourceValues {
  readonly requests?: { readonly cpu?: string; readonly memory?: string }
}

/** Pods that are alike: how many, and what their containers ask for. */
export interface PodShape {
  readonly name: string
  readonly replicas: number
  readonly containers: readonly ResourceValues[]
}

/** What tells one Helm release from another. */
export interface ReleaseDefinition<Out> {
  readonly id: string
  readonly title: string
  readonly component: ComponentName
  readonly needs: readonly Need<Services>[]
  /** Name of the release, and the key of its chart in the lock file. */
  readonly release: { readonly name: string; readonly chart: string }
  readonly namespace: (config: Config) => string
  /** File of base values. */
  readonly baseValues: string
  /** Values that follow from the configuration; win over the base values. */
  readonly values: (ctx: Services) => Values | Promise<Values>
  /** Values that follow from all the others once they are merged, e.g. a mark that rolls pods when their configuration differs. */
  readonly derived?: (values: Values) => Values
  /** Values that follow from what other steps found; a release that is there waits for them, one that is not is planned without. @throws NotYetKnown */
  readonly late?: (ctx: StepContext) => Promise<Values>
  /** What a plan must say of the release beside its chart and version. */
  readonly note?: (config: Config) => string | undefined
  /** Refuses values with which the release would be deployed and fail later. @throws ConfigError */
  readonly refuse?: (ctx: Services, values: Values) => Promise<void>
  /** What its pods ask for with these values: the capacity that must be free before it is installed. */
  readonly pods: (values: Values) => readonly PodShape[]
  readonly out: (ctx: Services) => Out
  readonly off?: (config: Config) => string | undefined
  /** What usable means beyond healthy workloads. @throws StepError */
  readonly usable?: (ctx: StepContext) => Promise<void>
}

/** The release as it is wanted. */
export async function releaseSpec<Out>(ctx: Services, definition: ReleaseDefinition<Out>): Promise<ReleaseSpec> {
  const [base] = await ctx.assets.documents(definition.baseValues)
  const own = await definition.values(ctx)
  const values = mergeValues(base as Values, own, overridesOf(ctx.config, definition.component))
  return {
    name: definition.release.name,
    namespace: definition.namespace(ctx.config),
    chart: definition.release.chart,
    values: definition.derived ? mergeValues(values, definition.derived(values)) : values,
    timeoutMs: durationMs(ctx.config.timeouts.helm),
  }
}

/** The release as it is wanted once the steps before it have run. @throws NotYetKnown */
export async function lateSpec<Out>(ctx: StepContext, definition: ReleaseDefinition<Out>): Promise<ReleaseSpec> {
  const spec = await releaseSpec(ctx, definition)
  if (definition.late === undefined) return spec
  const overrides = overridesOf(ctx.config, definition.component)
  return { ...spec, values: mergeValues(spec.values, await definition.late(ctx), overrides) }
}

/** What the user sets over our values. */
function overridesOf({ components }: Config, component: ComponentName): Values {
  const overrides: Readonly<Record<string, { readonly values?: Values | undefined } | undefined>> = components
  return overrides[component]?.values ?? {}
}

/** How changes name a release. */
export const releaseTarget = ({ name, namespace }: { readonly name: string; readonly namespace: string }) =>
  `helm release ${namespace}/${name}`

/** The release that such a name means; undefined where it names something else. */
export function releaseOfTarget(target: string): { readonly name: string; readonly namespace: string } | undefined {
  const [, namespace, name] = /^helm release ([^/]+)\/(.+)$/.exec(target) ?? []
  return namespace === undefined || name === undefined ? undefined : { name, namespace }
}

/** Chart and version as outputs print them. */
export function chartLabel({ name, version, standIn }: Pick<ChartInfo, 'name' | 'version' | 'standIn'>): string {
  return `${name} ${version}${standIn ? ' (stand-in chart)' : ''}`
}

const WATCHED = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'Prometheus',
  'Alertmanager',
])

/** Objects of a release whose health tells whether it works, with what controllers and operators make of them. */
export function watchedRefs({ manifest, namespace }: ReleaseRecord): readonly ObjectRef[] {
  const home = (ref: ObjectRef): ObjectRef =>
    CLUSTER_SCOPED.has(ref.kind) ? ref : { ...ref, namespace: ref.namespace ?? namespace }
  const objects = manifest.filter(({ kind, metadata }) => WATCHED.has(kind) && !isHook(metadata.annotations))
  return [
    ...objects.map((object) => home(refOf(object))),
    ...manifest.flatMap((object) => operatorSets(object, namespace)),
    ...claimsOf(manifest, namespace),
  ]
}

const CLUSTER_SCOPED = new Set([
  'CustomResourceDefinition',
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
])

const isHook = (annotations: KubeObject['metadata']['annotations']) => annotations?.['helm.sh/hook'] !== undefined

interface StatefulSetSpec {
  readonly replicas?: number
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[]
}

/** Claims that are no objects of a release: those of its StatefulSets, also of those that an operator makes. */
export function claimsOf(manifest: readonly KubeObject[], namespace: string): readonly ObjectRef[] {
  return manifest.flatMap((object) => [...volumeClaims(object, namespace), ...operatorClaims(object, namespace)])
}

/** Claims that a StatefulSet makes: `<template>-<set>-<ordinal>`. Source: Kubernetes documentation, StatefulSet. */
function volumeClaims(object: KubeObject, releaseNamespace: string): readonly ObjectRef[] {
  if (object.kind !== 'StatefulSet') return []
  const { replicas = 1, volumeClaimTemplates = [] } = (object.spec ?? {}) as StatefulSetSpec
  const { name, namespace = releaseNamespace } = object.metadata
  return volumeClaimTemplates.flatMap((template) =>
    Array.from({ length: replicas }, (_, ordinal) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      name: `${template.metadata.name}-${name}-${ordinal}`,
      namespace,
    })),
  )
}

import type { ComponentName, Config } from '../../src/config/schema.ts'
import { PreflightError, UsageError } from '../../src/errors.ts'
import type { KubeObject, LlmgwStep, ObjectRef } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import type { ReleaseStep } from '../helm-release.ts'
import { actionStep } from './action.ts'
import { ownRelease, type Reading, workloadsOf } from './workloads.ts'

/** How a component is scaled: the line of the configuration that says it for good. */
interface Scaling {
  readonly line: (replicas: number) => string
  /** Replicas that the configuration says; undefined = it leaves them to an autoscaler. */
  readonly configured: (config: Config) => number | undefined
  /** Why this many cannot be, or undefined. */
  readonly refusal?: (config: Config, replicas: number) => string | undefined
}

const SCALINGS: Partial<Record<ComponentName, Scaling>> = {
  litellm: {
    line: (replicas) => `gateway: { replicas: ${replicas} }`,
    configured: ({ gateway }) => (gateway.autoscaling.kind === 'none' ? gateway.replicas : undefined),
  },
  openwebui: {
    line: (replicas) => `ui: { replicas: ${replicas} }`,
    configured: ({ ui }) => (ui.kind === 'open-webui' ? ui.replicas : undefined),
    refusal: ({ ui }, replicas) =>
      replicas > 1 && ui.kind === 'open-webui' && ui.replicas === 1
        ? 'more than one Open WebUI needs PostgreSQL, Redis and a shared volume, which only the configuration brings'
        : undefined,
  },
  redis: {
    line: (replicas) => `cache: { kind: redis-ha, replicas: ${replicas} }`,
    configured: ({ cache }) => (cache.kind === 'redis-ha' ? cache.replicas : undefined),
    refusal: () => 'the quorum of Sentinel and the proxy depend on the number of servers',
  },
}

export interface Scaled {
  readonly step: LlmgwStep
  /** What the next deploy does about it, and how to keep it. */
  readonly notes: readonly string[]
}

/**
 * Sets the replicas of a component by hand.
 * @throws UsageError NotScalable, PreflightError AutoscalerOwns
 */
export async function scaleStep(ctx: Reading, step: ReleaseStep, replicas: number): Promise<Scaled> {
  const { component } = step
  const scaling = SCALINGS[component as ComponentName]
  if (scaling === undefined)
    throw new UsageError('NotScalable', `${component} is not scaled by hand`, {
      hint: `these are: ${Object.keys(SCALINGS).join(', ')}`,
    })
  const why = scaling.refusal?.(ctx.config, replicas)
  if (why !== undefined)
    throw new UsageError('NotScalable', `${component} cannot be scaled by hand: ${why}`, {
      hint: `write into llmgw.yaml: ${scaling.line(replicas)}   then: llmgw deploy ${component}`,
    })
  const workload = mainWorkload(workloadsOf(await ownRelease(ctx, step)), component)
  const ref = refOf(workload)
  await refuseAutoscaled(ctx, ref)
  const live = await ctx.kube.find(ref, ctx.signal)
  const before = (live?.spec as { readonly replicas?: number } | undefined)?.replicas
  return {
    step: actionStep({
      id: `scale-${step.id}`,
      title: `Scale ${component} to ${replicas}`,
      component,
      changes: [
        {
          action: 'run',
          target: targetOf(ref),
          fields: [
            {
              path: 'spec.replicas',
              ...(before === undefined ? {} : { before: String(before) }),
              after: String(replicas),
            },
          ],
        },
      ],
      run: async (run) => void (await run.kube.patch(ref, { spec: { replicas } }, run.signal)),
      watched: async () => [ref],
    }),
    notes: notes(scaling, ctx.config, replicas),
  }
}

function notes(scaling: Scaling, config: Config, replicas: number): readonly string[] {
  const configured = scaling.configured(config)
  if (configured === replicas) return []
  return [
    `the configuration says ${configured ?? 'nothing else'}: the next deploy sets it back`,
    `to keep it, write into llmgw.yaml: ${scaling.line(replicas)}`,
  ]
}

/** The workload that bears the component's name; a chart may bring others beside it. */
function mainWorkload(workloads: readonly KubeObject[], component: string): KubeObject {
  const plain = (name: string): string => name.replaceAll('-', '')
  const main = workloads.find(({ metadata }) => plain(metadata.name) === component) ?? workloads[0]
  if (main !== undefined) return main
  throw new UsageError('NotScalable', `the release of ${component} keeps no pods running`, {
    hint: `see what it has with: llmgw status ${component}`,
  })
}

interface AutoscalerSpec {
  readonly minReplicas?: number
  readonly maxReplicas?: number
  readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string }
}

async function refuseAutoscaled(ctx: Reading, { kind, name, namespace }: ObjectRef): Promise<void> {
  const query = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', namespace }
  const owner = (await ctx.kube.list(query, ctx.signal)).find(({ spec }) => {
    const { scaleTargetRef = {} } = (spec ?? {}) as AutoscalerSpec
    return scaleTargetRef.kind === kind && scaleTargetRef.name === name
  })
  if (owner === undefined) return
  const { minReplicas = 1, maxReplicas } = owner.spec as AutoscalerSpec
  throw new PreflightError(
    'AutoscalerOwns',
    `horizontalpodautoscaler ${namespace}/${owner.metadata.name} keeps ${kind} ${name} between ${minReplicas} and ${maxReplicas} replicas`,
    {
      cause: 'what is set by hand it sets back within seconds',
      hint: 'write other limits into llmgw.yaml: gateway: { autoscaling: { kind: cpu, minReplicas: 2, maxReplicas: 6 } }, then deploy',
    },
  )
}

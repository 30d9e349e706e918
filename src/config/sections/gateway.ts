import * as z from 'zod'
import { duration, quantity } from '../fields.ts'

const amounts = z.strictObject({ cpu: quantity, memory: quantity })
const freeForm = z.record(z.string(), z.unknown())

/** How many gateway pods there are, what they may use, and how they treat calls. */
export const gateway = z.strictObject({
  replicas: z.int().min(1).max(100).describe('Pods of the gateway; without effect while `autoscaling` is on.'),
  autoscaling: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({
        kind: z.literal('cpu'),
        minReplicas: z.int().min(1).default(2),
        maxReplicas: z.int().min(1).default(6),
        targetPercent: z.int().min(1).max(100).default(70).describe('Of the requested CPU, on average.'),
      }),
    ])
    .describe('`cpu` needs the metrics server in the cluster.'),
  resources: z.strictObject({ requests: amounts, limits: amounts }).describe('Of one gateway pod.'),
  requestTimeout: duration.describe('The longest that a model may take for a whole answer.'),
  retries: z
    .int()
    .min(0)
    .max(10)
    .describe('Tries after the first one, on another deployment of the model if there is one.'),
  fallbacks: z
    .record(z.string(), z.array(z.string()).min(1))
    .describe('Models that answer in the place of one that fails: name -> names, in order.'),
  responseCache: z
    .strictObject({
      mode: z
        .enum(['off', 'opt-in', 'always'])
        .describe('`opt-in`: only calls that ask for it. `always` shares answers between users.'),
      ttl: duration,
    })
    .describe('Answers kept in Redis; without a cache it is off.'),
  settings: z
    .strictObject({ litellm: freeForm, general: freeForm, router: freeForm })
    .describe('Merged over the `litellm_settings`, `general_settings` and `router_settings` that llmgw writes.'),
})

/** Upstream's production size is 4 CPU and 8 GiB a pod; less is killed under load. Source: LiteLLM documentation, production. */
const SIZES = {
  platform: { requests: { cpu: '1', memory: '4Gi' }, limits: { cpu: '4', memory: '8Gi' } },
  lean: { requests: { cpu: '500m', memory: '2Gi' }, limits: { cpu: '2', memory: '4Gi' } },
} as const

/** What a preset says of the gateway. */
export function gatewayDefaults(preset: 'platform' | 'lean') {
  return {
    replicas: preset === 'platform' ? 2 : 1,
    autoscaling: { kind: 'none' },
    resources: SIZES[preset],
    requestTimeout: '10m',
    retries: 2,
    fallbacks: {},
    responseCache: { mode: 'opt-in', ttl: '10m' },
    settings: { litellm: {}, general: {}, router: {} },
  }
}

import * as z from 'zod'
import { cause, change, orphan, states } from './event-schema.ts'

/** Version of the plan document; raised when a field is removed or changes its meaning. */
export const PLAN_VERSION = 1

const names = z.array(z.string()).readonly()

const target = z.object({
  accountId: z.string(),
  region: z.string(),
  partition: z.string(),
  clusterName: z.string(),
  clusterArn: z.string(),
  oidcIssuer: z.string(),
  sandbox: z.boolean(),
})

const step = z.object({
  id: z.string(),
  state: states,
  changes: z.exactOptional(z.array(change).readonly()),
  cause: z.exactOptional(cause),
  on: z.exactOptional(names).describe('what a waiting step waits for: its changes are known after these steps'),
})

const override = z.object({
  path: z.string(),
  value: z.unknown(),
  origin: z.unknown().describe('where the value comes from: file, line and column, or a variable'),
})

/** What `llmgw plan --output json` prints and `plan -o FILE` keeps. It holds no secret value. */
export const planDocument = z.object({
  kind: z.literal('llmgw/plan'),
  version: z.literal(PLAN_VERSION).describe('raised when a field is removed or changes its meaning'),
  program: z.string().describe('version of llmgw that made it'),
  createdAt: z.iso.datetime(),
  command: z.string(),
  target: target.describe('account, region and cluster it was made for'),
  deployment: z.string(),
  configuration: z.string().describe('digest of the effective configuration'),
  scope: z.object({ named: names, skipped: names }).describe('components it was made for; none named = all'),
  look: z.object({ deep: z.boolean() }).describe('how closely it was looked'),
  options: z.object({ adopt: z.boolean(), restoreSecrets: z.boolean() }),
  components: z
    .array(
      z.object({
        component: z.string(),
        state: states,
        overrides: z.exactOptional(z.array(override).readonly()).describe('values of its chart that the user sets'),
        steps: z.array(step).readonly(),
      }),
    )
    .readonly()
    .describe('in the order in which their steps run'),
  differs: z.boolean().describe('true: a deploy would change something, or could not look'),
  orphans: z.array(orphan).readonly().describe('what the configuration no longer wants'),
  startedProcesses: z.exactOptional(z.int()),
})

export type PlanDocument = z.infer<typeof planDocument>

/** JSON Schema of the plan document, as it is published. */
export function planJsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(planDocument, { io: 'input' }), title: 'llmgw plan --output json' }
}

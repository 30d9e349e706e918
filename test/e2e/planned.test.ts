import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Kube } from '../../src/ports/index.ts'
import type { PlanDocument } from '../../src/ui/plan-schema.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { type State, stateOf } from './world/effects.ts'
import { random } from './world/kill-points.ts'
import { type Ended, llmgw } from './world/llmgw.ts'
import { plannedAndDone } from './world/planned-and-done.ts'
import { ROLES } from './world/platform.ts'
import type { Seen } from './world/recording-proxy.ts'
import { secretsFile } from './world/secrets-file.ts'
import type { Witness } from './world/snapshot.ts'
import { throughProxies } from './world/through-proxies.ts'

/** What CI has time for; more: `LLMGW_TEST_ROUNDS=20 LLMGW_TEST_SEED=7 npx vitest run test/e2e/planned.test.ts`. */
const ROUNDS = Number(process.env.LLMGW_TEST_ROUNDS ?? 3)
const SEED = Number(process.env.LLMGW_TEST_SEED ?? 1)

const sandbox = useDeployedSandbox('e2e-planned', { deploy: false })

/** Of the gateway: who spoils the other one spoils the store as well, at a moment of the operator's own. */
const ROLE = ROLES[0] ?? ''
const core = (kind: string, name: string) => ({ apiVersion: 'v1', kind, namespace: 'litellm', name })
const app = (kind: string, name: string) => ({ apiVersion: 'apps/v1', kind, namespace: 'litellm', name })

async function gone(kube: Kube, ref: Parameters<Kube['remove']>[0]): Promise<void> {
  await kube.remove(ref, { propagation: 'Background' })
  const deadline = AbortSignal.timeout(60_000)
  for await (const found of kube.watch({ ...ref, fieldSelector: `metadata.name=${ref.name}` }, deadline))
    if (found.length === 0) return
  throw new Error(`${ref.kind} ${ref.name} does not go`)
}

/** What somebody does by hand. */
const DRIFTS: Readonly<Record<string, (at: Witness) => Promise<unknown>>> = {
  'the gateway is scaled': ({ kube }) => kube.patch(app('Deployment', 'litellm'), { spec: { replicas: 5 } }),
  // A field that nobody of us sets: no difference, so nothing is planned and nothing done.
  'a rollout is slowed down': ({ kube }) => kube.patch(app('Deployment', 'litellm'), { spec: { minReadySeconds: 1 } }),
  'a Deployment is deleted': ({ kube }) => gone(kube, app('Deployment', 'redis-redis-ha-haproxy')),
  'a ConfigMap is emptied': ({ kube }) =>
    kube.patch(core('ConfigMap', 'litellm-config'), { data: { 'config.yaml': '' } }),
  'a Service is deleted': ({ kube }) => gone(kube, core('Service', 'litellm')),
  'a namespace loses a label': ({ kube }) =>
    kube.patch(
      { apiVersion: 'v1', kind: 'Namespace', name: 'litellm' },
      { metadata: { labels: { 'pod-security.kubernetes.io/enforce': null } } },
    ),
  'an ExternalSecret is deleted': ({ kube }) =>
    gone(kube, { ...core('ExternalSecret', 'redis-credentials'), apiVersion: 'external-secrets.io/v1' }),
  'a policy is widened': ({ aws }) =>
    aws.iam.putInlinePolicy(ROLE, 'bedrock-invoke', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'bedrock:*', Resource: '*' }],
    }),
  'a policy is removed': ({ aws }) => aws.iam.removeInlinePolicy(ROLE, 'bedrock-invoke'),
  'anybody is trusted': ({ aws }) =>
    aws.iam.updateTrust(ROLE, {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
    }),
}

/** What the user wants from now on. */
const WISHES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'as before': {},
  'more pods': { gateway: { replicas: 3 } },
  'shorter answers': { gateway: { requestTimeout: '5m' } },
  'a value of its chart': { components: { redis: { values: { haproxy: { replicas: 4 } } } } },
  'one model': {
    models: [
      {
        name: 'claude-haiku',
        provider: 'bedrock',
        model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
        regions: ['us-east-1', 'us-east-2'],
        maxTokens: 4096,
      },
    ],
  },
}

function draw<T>(next: () => number, from: readonly T[], count: number): readonly T[] {
  const left = [...from]
  return Array.from({ length: count }, () => left.splice(Math.floor(next() * left.length), 1)).flat()
}

interface Round {
  readonly plan: PlanDocument
  readonly planWrote: readonly Seen[]
  readonly wrote: readonly Seen[]
  readonly before: State
  readonly after: State
  readonly again: Ended
}

/** Plans, runs exactly that plan, and plans again. */
async function round(settings: Readonly<Record<string, unknown>>): Promise<Round> {
  const { connection, at, env } = sandbox
  const proxied = await throughProxies(connection, {}, settings)
  const file = join(connection.dir, 'plan.json')
  const run = async (words: readonly string[]) =>
    await llmgw([...words, '--config', proxied.config], {
      env: { ...env, ...proxied.env, PATH: `${join(connection.helm, '..')}:${env.PATH}`, INTERACTIVE_MODE: 'false' },
    })
  const writes = () => [...proxied.kube.seen, ...proxied.aws.seen].filter(({ write }) => write)
  try {
    const provided = ['--secrets-file', await secretsFile(connection.dir)]
    const before = await stateOf(at)
    const planned = await run(['plan', '--deep', '--output', 'json', '-o', file, ...provided])
    if (planned.code !== 0) throw new Error(`plan ended with ${planned.code}:\n${planned.output}`)
    const planWrote = writes()
    const kubeBefore = proxied.kube.seen.length
    const deployed = await run(['deploy', '--plan', file, '--yes', ...provided])
    if (deployed.code !== 0) throw new Error(`deploy --plan ended with ${deployed.code}:\n${deployed.output}`)
    const wrote = proxied.kube.seen.slice(kubeBefore)
    const after = await stateOf(at)
    const again = await run(['plan', '--deep', '--exit-code', ...provided])
    return { plan: JSON.parse(planned.stdout) as PlanDocument, planWrote, wrote, before, after, again }
  } finally {
    await proxied.close()
    await rm(file, { force: true })
  }
}

describe.sequential(`planned, then done (${ROUNDS} rounds, seed ${SEED})`, () => {
  const next = random(SEED)
  const rounds = Array.from({ length: ROUNDS }, () => ({
    wish: draw(next, Object.keys(WISHES), 1)[0] ?? '',
    drifts: draw(next, Object.keys(DRIFTS), 3),
  }))

  test('from nothing', async () => {
    const done = await round({})
    expect(done.planWrote.map(({ operation }) => operation)).toEqual([])
    expect(plannedAndDone(done)).toEqual({ unplanned: [], undone: [] })
    expect(done.again.code, done.again.output).toBe(0)
  })

  test.each(rounds)('$wish; $drifts', async ({ wish, drifts }) => {
    for (const drift of drifts) await DRIFTS[drift]?.(sandbox.at)
    const done = await round(WISHES[wish] ?? {})
    expect(done.planWrote.map(({ operation }) => operation)).toEqual([])
    expect(plannedAndDone(done)).toEqual({ unplanned: [], undone: [] })
    expect(done.again.code, done.again.output).toBe(0)
  })
})

import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { KubeObject } from '../../src/ports/index.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { llmgw } from './world/llmgw.ts'
import { REMOTE_SECRETS, ROLES } from './world/platform.ts'
import { snapshot } from './world/snapshot.ts'
import { type Proxied, throughProxies } from './world/through-proxies.ts'

const sandbox = useDeployedSandbox('e2e-doctor', { deploy: false, platform: 'whole' })
const state = () => snapshot(sandbox.at, { roles: ROLES, secrets: REMOTE_SECRETS })

interface Report {
  readonly findings: readonly { readonly id: string; readonly result: string; readonly evidence: string }[]
}
const resultsOf = (stdout: string) =>
  Object.fromEntries((JSON.parse(stdout) as Report).findings.map(({ id, result }) => [id, result]))

/** A node has a taint until its controller has seen it ready, which a busy machine takes its time for. */
async function untilNodesTakePods(signal: AbortSignal): Promise<void> {
  for await (const nodes of sandbox.at.kube.watch({ apiVersion: 'v1', kind: 'Node' }, signal)) {
    const takes = nodes.filter(({ spec, status }) => {
      const { taints = [] } = (spec ?? {}) as { readonly taints?: readonly unknown[] }
      const { conditions = [] } = (status ?? {}) as {
        readonly conditions?: readonly { readonly type: string; readonly status: string }[]
      }
      return taints.length === 0 && conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')
    })
    if (nodes.length > 0 && takes.length === nodes.length) return
  }
}

describe.sequential('doctor', () => {
  test('finds a fresh sandbox in order, says what cannot be looked at, and changes nothing', async ({ signal }) => {
    await untilNodesTakePods(signal)
    const before = await state()
    const ended = await sandbox.run('doctor --output json')
    expect(ended.code, ended.output).toBe(0)
    const { node: _machines, ...results } = resultsOf(ended.stdout)
    const others = new Set(
      Object.entries(results).flatMap(([id, result]) => (result === 'pass' ? [] : [`${id} ${result}`])),
    )
    expect([...others].sort()).toEqual([
      // Nobody is asked for models, and nothing is pulled.
      'bedrock skip',
      // Redis speaks no TLS unless told.
      'cache-certificate skip',
      // The one real chart of a sandbox without charts; its digest is not pinned.
      'chart-gatekeeper warn',
      'images skip',
      'network-policies skip',
    ])
    expect(await state()).toEqual(before)
  })

  test('finds what was spoiled', async () => {
    const { kube, aws } = sandbox.at
    const nodes = await kube.list({ apiVersion: 'v1', kind: 'Node' })
    const cordon = (unschedulable: boolean) =>
      Promise.all(
        nodes.map(({ metadata: { name } }) =>
          kube.patch({ apiVersion: 'v1', kind: 'Node', name }, { spec: { unschedulable } }),
        ),
      )
    await cordon(true)
    await aws.secretsManager.scheduleDeletion('openwebui/oidc-client-id', 7)
    const ended = await sandbox.run('doctor --output json --only capacity,zones,secrets,lock')
    await cordon(false)
    await aws.secretsManager.restore('openwebui/oidc-client-id')
    expect(ended.code, ended.output).toBe(1)
    expect(resultsOf(ended.stdout)).toEqual({ capacity: 'fail', zones: 'warn', secrets: 'fail', lock: 'pass' })
  })
})

describe.sequential('somebody who may only read', () => {
  const USER = 'reader'
  const RBAC = 'rbac.authorization.k8s.io'
  const name = 'e2e-doctor-reader'
  const objects: readonly KubeObject[] = [
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: RBAC, kind: 'User', name: USER }],
    },
  ]
  let proxied: Proxied
  beforeAll(async () => {
    for (const object of objects) await sandbox.at.kube.apply(object)
    proxied = await throughProxies(sandbox.connection, {})
    await actAs(proxied, USER)
  })
  afterAll(async () => await proxied.close())

  const run = (words: string) =>
    llmgw([...words.split(' '), '--config', proxied.config], { env: { ...sandbox.env, ...proxied.env } })

  test('is told what is lacking', async () => {
    const ended = await run('doctor --only permissions-cluster')
    expect(ended.code, ended.output).toBe(1)
    expect(ended.stdout).toMatch(/not allowed: create leases\.coordination\.k8s\.io in kube-system/)
  })

  test('is refused before anything is written', async () => {
    const before = await state()
    const ended = await run('deploy all --yes')
    expect(ended.code, ended.output).toBe(3)
    expect(ended.stderr).toMatch(/this run is not allowed: /)
    expect(await state()).toEqual(before)
    expect([...proxied.kube.seen, ...proxied.aws.seen].filter(({ write }) => write)).toEqual([])
  })
})

/** Makes the kubeconfig of a proxied configuration act as somebody else. */
async function actAs({ config }: Proxied, user: string): Promise<void> {
  const { cluster } = parse(await readFile(config, 'utf8')) as { cluster: { connection: { path: string } } }
  const { path } = cluster.connection
  const kubeconfig = parse(await readFile(path, 'utf8')) as { users: { user: Record<string, unknown> }[] }
  for (const entry of kubeconfig.users) entry.user.as = user
  await writeFile(path, stringify(kubeconfig))
}

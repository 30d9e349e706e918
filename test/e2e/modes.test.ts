import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { kube } from '../sandbox-aws/kube.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { type Ended, LLMGW, llmgw } from './world/llmgw.ts'
import { REMOTE_SECRETS, ROLES } from './world/platform.ts'
import { snapshot } from './world/snapshot.ts'
import { openTerminal } from './world/terminal.ts'
import { throughProxies } from './world/through-proxies.ts'

const NAME = 'e2e-modes'
const sandbox = useDeployedSandbox(NAME, { deploy: true })
const ci = { INTERACTIVE_MODE: 'false' }
const state = () => snapshot(sandbox.at, { roles: ROLES, secrets: REMOTE_SECRETS })

const [gateway = ''] = ROLES
const namespace = { apiVersion: 'v1', kind: 'Namespace', name: 'monitoring' }
const redis = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'litellm', name: 'redis-redis-ha-server' }
const sync = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  namespace: 'litellm',
  name: 'redis-credentials',
}

const MISSING = `role ${gateway}`
const DRIFTED = ['Namespace monitoring', 'StatefulSet litellm/redis-redis-ha-server']
/** One of three does not sync; only that one is synced again, and its Secret gets the value anew. */
const BROKEN = ['ExternalSecret litellm/redis-credentials', 'Secret litellm/redis-credentials']

async function isFailing(): Promise<boolean> {
  const found = await sandbox.at.kube.find(sync)
  const { conditions = [] } = (found?.status ?? {}) as { conditions?: { type: string; status: string }[] }
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'False')
}

/** A role that is missing, two drifts, a sync that fails; the rest as wanted. */
async function damage(): Promise<void> {
  const { kube, aws } = sandbox.at
  for (const policy of Object.keys((await aws.iam.findRole(gateway))?.inline ?? {}))
    await aws.iam.removeInlinePolicy(gateway, policy)
  await aws.iam.removeRole(gateway)
  await kube.patch(namespace, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } })
  await kube.patch(redis, { spec: { replicas: 2 } })
  const data = [{ secretKey: 'redis-password', remoteRef: { key: 'nowhere/at-all' } }]
  await kube.patch(sync, { spec: { data } })
  await until('the sync failing', isFailing)
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not seen within 60 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** What `damage` and its like leave behind, whatever the run did. */
async function mend(): Promise<void> {
  const mended = await sandbox.run('deploy all', ci)
  expect(mended.code, mended.output).toBe(0)
}

/** What differs between two snapshots, but for Helm's own records. */
function changed(before: Record<string, string>, after: Record<string, string>): readonly string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.filter((key) => before[key] !== after[key] && !key.includes('sh.helm.release.v1')).sort()
}

async function deployed(words: string, env: Readonly<Record<string, string>>) {
  const before = await state()
  const ended = await sandbox.run(words, env)
  return { ended, changes: changed(before, await state()) }
}

interface Row {
  readonly mode: string
  readonly flags?: string
  readonly env?: Readonly<Record<string, string>>
  readonly changes: readonly string[]
}

const UPDATE = [MISSING, ...DRIFTED, ...BROKEN].sort()
const REPAIR = [MISSING, ...BROKEN].sort()
const ROWS: readonly Row[] = [
  { mode: 'INTERACTIVE_MODE=false', env: ci, changes: UPDATE },
  { mode: '--yes', flags: '--yes', changes: UPDATE },
  { mode: '--on-existing=update', flags: '--yes --on-existing=update', changes: UPDATE },
  { mode: 'AUTO_SKIP_HEALTHY=true', env: { ...ci, AUTO_SKIP_HEALTHY: 'true' }, changes: REPAIR },
  { mode: '--on-existing=skip-healthy', flags: '--yes --on-existing=skip-healthy', changes: REPAIR },
  { mode: 'SKIP_ALL=true', env: { ...ci, SKIP_ALL: 'true' }, changes: [MISSING] },
  { mode: '--on-existing=skip', flags: '--yes --on-existing=skip', changes: [MISSING] },
]

describe.sequential('missing, current, drifted and broken at once', () => {
  test.each(ROWS)('$mode', async ({ flags = '', env = {}, changes }) => {
    await damage()
    const run = await deployed(`deploy all ${flags}`.trim(), env)
    expect(run.changes, run.ended.output).toEqual(changes)
    expect(run.ended.code, run.ended.output).toBe(0)
    await mend()
  })

  test('a terminal asks about each that exists, proposes to mend what is broken, and creates the rest after a yes', async () => {
    await damage()
    const before = await state()
    const terminal = openTerminal([process.execPath, LLMGW, 'deploy', 'all', ...sandbox.flags], {
      env: { ...sandbox.env, TERM: 'xterm-256color' },
    })
    const asked: string[] = []
    for (;;) {
      // A cause may take several lines.
      const seen = await terminal.until(/(\S+) is \w+[^?]*\n\s*\[S\]kip|Go on\?/)
      if (seen === 'Go on?') break
      const component = seen.split(' ')[0] ?? ''
      asked.push(component)
      terminal.type(component === 'irsa' ? 'p' : '\r')
    }
    terminal.type('y\r')
    expect(asked).toEqual(
      expect.arrayContaining(['namespaces', 'storage', 'irsa', 'secrets', 'external-secrets', 'redis']),
    )
    expect(await terminal.exited, terminal.text()).toBe(0)
    expect(changed(before, await state())).toEqual(REPAIR)
    await mend()
  })

  test('nothing at all is changed without a terminal and without consent', async () => {
    await damage()
    const { ended, changes } = await deployed('deploy all', {})
    expect([ended.code, changes]).toEqual([2, []])
    await mend()
  })
})

describe.sequential('only a part of a component is there', () => {
  /** One namespace of several, a role without its policy, a release without the Secret that records it. */
  async function take(): Promise<void> {
    const { kube, aws } = sandbox.at
    for (const policy of Object.keys((await aws.iam.findRole(gateway))?.inline ?? {}))
      await aws.iam.removeInlinePolicy(gateway, policy)
    const records = await kube.list({ apiVersion: 'v1', kind: 'Secret', labelSelector: 'owner=helm,name=redis' })
    for (const { metadata } of records) await kube.remove({ apiVersion: 'v1', kind: 'Secret', ...metadata })
    await kube.remove(namespace)
    await until('the namespace gone', async () => (await kube.find(namespace)) === undefined)
  }

  const CREATED = ['Namespace monitoring']
  const PART_ROWS: readonly Row[] = [
    { mode: '--on-existing=update', flags: '--yes', changes: [...CREATED, MISSING] },
    { mode: '--on-existing=skip-healthy', flags: '--yes --on-existing=skip-healthy', changes: CREATED },
    { mode: '--on-existing=skip', flags: '--yes --on-existing=skip', changes: CREATED },
  ]

  test.each(PART_ROWS)('$mode', async ({ flags, changes }) => {
    await take()
    const run = await deployed(`deploy all ${flags}`, {})
    // Helm takes the objects of its release back as they are, whatever the mode: the record is what was missing.
    expect(run.changes, run.ended.output).toEqual([...changes].sort())
    expect(run.ended.code, run.ended.output).toBe(0)
    await mend()
    expect((await sandbox.run('plan --exit-code')).code).toBe(0)
  })
})

describe.sequential('still rolling out', () => {
  const pod = '/api/v1/namespaces/litellm/pods/redis-redis-ha-server-0'

  /** Whether the pod's containers answer, as its kubelet would tell. */
  async function answering(answers: boolean): Promise<void> {
    const { status } = await kube<{ status: { conditions: { type: string; status: string }[] } }>(
      sandbox.connection,
      'GET',
      pod,
    )
    const conditions = status.conditions.map((condition) =>
      /^(Containers)?Ready$/.test(condition.type) ? { ...condition, status: answers ? 'True' : 'False' } : condition,
    )
    await kube(sandbox.connection, 'PATCH', `${pod}/status`, { status: { conditions } })
    const ready = answers ? 3 : 2
    await until(`${ready} servers ready`, async () => {
      const { readyReplicas } = ((await sandbox.at.kube.find(redis))?.status ?? {}) as { readyReplicas?: number }
      return readyReplicas === ready
    })
  }

  /** Runs, and lets the rollout end when the run has been seen to wait for it. */
  async function deployWaiting(flags: string, env: Readonly<Record<string, string>>): Promise<Ended> {
    let waited = false
    const ended = await llmgw(['deploy', 'all', ...flags.split(' '), ...sandbox.flags, '--output', 'ndjson'], {
      env: { ...sandbox.env, ...env },
      started: ({ stdout }) =>
        stdout?.on('data', (chunk: Buffer) => {
          if (waited || !/"step":"redis","phase":"ready"/.test(chunk.toString('utf8'))) return
          waited = true
          void answering(true)
        }),
    })
    return { ...ended, output: `${waited ? 'waited' : 'did not wait'}\n${ended.output}` }
  }

  test.each([
    ['--on-existing=update', '--yes', {}],
    ['AUTO_SKIP_HEALTHY=true', '--yes', { AUTO_SKIP_HEALTHY: 'true' }],
  ])('%s waits, and changes nothing', async (_mode, flags, env) => {
    await answering(false)
    const before = await state()
    const ended = await deployWaiting(flags, env)
    expect(ended.output).toMatch(/^waited/)
    expect(ended.code, ended.output).toBe(0)
    expect(changed(before, await state())).toEqual([])
  })

  test('SKIP_ALL=true leaves it, and waits for nothing', async () => {
    await answering(false)
    const before = await state()
    const ended = await deployWaiting('--yes', { SKIP_ALL: 'true' })
    expect(ended.output).toMatch(/^did not wait/)
    expect(ended.code, ended.output).toBe(0)
    expect(changed(before, await state())).toEqual([])
    await answering(true)
  })

  test('a terminal waits, also where it is skipped', async () => {
    await answering(false)
    const before = await state()
    const terminal = openTerminal([process.execPath, LLMGW, 'deploy', 'redis', ...sandbox.flags], {
      env: { ...sandbox.env, TERM: 'xterm-256color' },
    })
    await terminal.until(/redis is settling[\s\S]*?\[S\]kip/)
    terminal.type('\r')
    await terminal.until(/waiting until it is usable/)
    await answering(true)
    expect(await terminal.exited, terminal.text()).toBe(0)
    expect(changed(before, await state())).toEqual([])
  })
})

describe.sequential('could not look', () => {
  let secrets = ''
  beforeAll(async () => {
    secrets = join(sandbox.connection.dir, 'provided.env')
    await writeFile(secrets, '', { mode: 0o600 })
  })

  async function refused(status: number, env: Readonly<Record<string, string>>): Promise<Ended> {
    // The version is what the guard reads; everything else of the cluster cannot be looked at.
    const refuse = ({ path }: { readonly path: string }) => (path.startsWith('/version') ? undefined : status)
    const proxied = await throughProxies(sandbox.connection, { kube: { refuse } })
    try {
      return await llmgw(['deploy', 'all', '--yes', '--config', proxied.config, '--secrets-file', secrets], {
        env: {
          ...sandbox.env,
          ...proxied.env,
          ...env,
          PATH: `${join(sandbox.connection.helm, '..')}:${sandbox.env.PATH}`,
        },
      })
    } finally {
      await proxied.close()
    }
  }

  test.each([
    ['update', 403, {}],
    ['skip-healthy', 403, { AUTO_SKIP_HEALTHY: 'true' }],
    ['skip', 503, { SKIP_ALL: 'true' }],
  ])('%s: an API server that answers %i ends the run with 3 and no change', async (_mode, status, env) => {
    const before = await state()
    const ended = await refused(status, { ...env })
    expect(ended.code, ended.output).toBe(3)
    expect(changed(before, await state())).toEqual([])
    expect(ended.output).toMatch(/error: /)
  })
})

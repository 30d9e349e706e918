import { afterEach, describe, expect, test } from 'vitest'
import type { PolicyDocument } from '../../src/ports/index.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { ROLES } from './world/platform.ts'

const sandbox = useDeployedSandbox('e2e-causes', { deploy: true })
const [, role = ''] = ROLES
const ci = { INTERACTIVE_MODE: 'false' }
const sync = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  namespace: 'litellm',
  name: 'redis-credentials',
}
const store = { apiVersion: 'external-secrets.io/v1', kind: 'ClusterSecretStore', name: 'aws-secrets-manager' }

async function waitFor(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 90_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen within 90 s`)
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

const conditionOf = async (ref: typeof sync | typeof store): Promise<string | undefined> => {
  const found = await sandbox.at.kube.find(ref)
  const conditions = (found?.status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions
  return conditions?.find(({ type }) => type === 'Ready')?.status
}

/** Makes the controller look again now, as it does by itself after its refresh interval. */
const touch = (ref: typeof sync | typeof store) =>
  sandbox.at.kube.patch(ref, { metadata: { annotations: { 'force-sync': String(Date.now()) } } })

async function roleDocuments(): Promise<{ trust: PolicyDocument; inline: Readonly<Record<string, PolicyDocument>> }> {
  const found = await sandbox.at.aws.iam.findRole(role)
  if (!found) throw new Error(`there is no role ${role}`)
  return found
}

describe.sequential('what AWS refuses is the cause that is shown', () => {
  afterEach(async () => {
    const mended = await sandbox.run('deploy all', ci)
    expect(mended.code, mended.output).toBe(0)
    expect((await sandbox.run('plan --exit-code')).code).toBe(0)
  })

  test('a policy that lacks one ARN', async () => {
    const { inline } = await roleDocuments()
    const [[name, document] = []] = Object.entries(inline)
    if (!name || !document) throw new Error('the role has no inline policy')
    const without = JSON.parse(JSON.stringify(document), (_key, value) =>
      Array.isArray(value) ? value.filter((entry) => !String(entry).includes('litellm/redis-password')) : value,
    )
    await sandbox.at.aws.iam.putInlinePolicy(role, name, without)
    await touch(sync)
    await waitFor('the sync failing', async () => (await conditionOf(sync)) === 'False')
    const ended = await sandbox.run('status --exit-code')
    expect(ended.stdout).toMatch(/external-secrets\s+broken/)
    const plan = await sandbox.run('plan external-secrets')
    expect(plan.output).toMatch(/AccessDenied/)
    expect(plan.output).toMatch(/secretsmanager:GetSecretValue/)
    expect(plan.output).toMatch(/litellm\/redis-password/)
    // Deploying only what is broken cannot help: the run ends with AWS's words, not with a timeout.
    const failed = await sandbox.run('deploy external-secrets', ci)
    expect(failed.code, failed.output).not.toBe(0)
    expect(failed.output).toMatch(/not authorized to perform: secretsmanager:GetSecretValue/)
    expect(failed.output).not.toMatch(/NotReady|timed out/i)
  })

  test('a wrong sub in the trust policy', async () => {
    const { trust } = await roleDocuments()
    const wrong = JSON.parse(
      JSON.stringify(trust).replaceAll(
        'system:serviceaccount:external-secrets:external-secrets',
        'system:serviceaccount:external-secrets:other',
      ),
    )
    await sandbox.at.aws.iam.updateTrust(role, wrong)
    await touch(store)
    await waitFor('the store failing', async () => (await conditionOf(store)) === 'False')
    const plan = await sandbox.run('plan external-secrets')
    expect(plan.output).toMatch(/broken/)
    expect(plan.output).toMatch(/AccessDenied|Not authorized to perform sts:AssumeRoleWithWebIdentity/)
    const failed = await sandbox.run('deploy external-secrets', ci)
    expect(failed.code, failed.output).not.toBe(0)
    expect(failed.output).toMatch(/sts:AssumeRoleWithWebIdentity/)
    expect(failed.output).not.toMatch(/NotReady|timed out/i)
  })

  test('a remote key that was taken away', async () => {
    await sandbox.at.aws.secretsManager.purge('litellm/redis-password')
    await touch(sync)
    await waitFor('the sync failing', async () => (await conditionOf(sync)) === 'False')
    const plan = await sandbox.run('plan external-secrets')
    expect(plan.output).toMatch(/broken/)
    expect(plan.output).toMatch(/litellm\/redis-password/)
    expect(plan.output).toMatch(/ResourceNotFoundException|Secret does not exist|can't find the specified secret/)
    const failed = await sandbox.run('deploy external-secrets', ci)
    expect(failed.code, failed.output).not.toBe(0)
    expect(failed.output).not.toMatch(/NotReady|timed out/i)
  })
})

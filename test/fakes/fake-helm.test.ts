import { describe, expect, test } from 'vitest'
import { StepError } from '../../src/errors.ts'
import type { KubeObject, ReleaseSpec } from '../../src/ports/index.ts'
import { describeHelmContract, echo } from '../contracts/helm.ts'
import { fakeHelm } from './fake-helm.ts'
import { fakeKube } from './fake-kube.ts'

/** The objects of test/fixtures/charts/echo. */
function renderEcho({ name, namespace, values }: ReleaseSpec): readonly KubeObject[] {
  const { message = 'hello', replicas = 1, password = '', configMap = {}, strategy } = values as Record<string, unknown>
  const labels = { 'app.kubernetes.io/instance': name }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: {
        replicas,
        ...(strategy !== undefined && { strategy }),
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'main', image: 'echo:1', env: [{ name: 'MESSAGE', value: message }] }] },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: (configMap as { name?: string }).name ?? name, namespace },
      data: { message },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace },
      data: { password: Buffer.from(String(password)).toString('base64') },
    },
  ]
}

async function world() {
  const kube = fakeKube()
  const namespace = 'gateway'
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  return { kube, namespace, helm: fakeHelm(kube, { render: renderEcho, deployment: 'test' }) }
}

describeHelmContract('fake', async () => {
  const made = await world()
  return {
    ...made,
    deployment: 'test',
    async applyAs(manager, object) {
      made.kube.applyAs(manager, object)
    },
  }
})

describe('faults of the fake', () => {
  test('a failing upgrade leaves a failed revision, and the next one works', async () => {
    const { helm, namespace } = await world()
    const run = { signal: new AbortController().signal, report: () => undefined }
    helm.failNext('upgrade', new StepError('HelmFailed', 'no luck'))
    await expect(helm.upgrade(echo(namespace), run)).rejects.toMatchObject({ code: 'HelmFailed' })
    expect(await helm.find('echo', namespace)).toMatchObject({ revision: 1, status: 'failed', description: 'no luck' })
    await helm.upgrade(echo(namespace), run)
    expect(await helm.find('echo', namespace)).toMatchObject({ revision: 2, status: 'deployed' })
    expect(helm.calls.filter(({ method }) => method === 'upgrade')).toHaveLength(2)
  })

  test('a release can be put into a state that a killed helm leaves', async () => {
    const { helm, namespace } = await world()
    await helm.upgrade(echo(namespace), { signal: new AbortController().signal, report: () => undefined })
    helm.setStatus('echo', namespace, 'pending-upgrade')
    expect(await helm.find('echo', namespace)).toMatchObject({ status: 'pending-upgrade' })
  })
})

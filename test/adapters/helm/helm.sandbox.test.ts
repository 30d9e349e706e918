import { rm } from 'node:fs/promises'
import { afterAll } from 'vitest'
import { connectKube } from '../../../src/adapters/kube/index.ts'
import { describeHelmContract } from '../../contracts/helm.ts'
import { useSandbox } from '../../sandbox-under-test.ts'
import { DEPLOYMENT, makeRunDir, realHelm } from './real-helm.ts'

const sandbox = useSandbox()
const runDirs: string[] = []

afterAll(async () => {
  for (const dir of runDirs) await rm(dir, { recursive: true, force: true })
})

describeHelmContract('helm on an API server', async () => {
  const { helm: binary, kubeconfig, context } = sandbox.connection
  const runDir = await makeRunDir()
  runDirs.push(runDir)
  const { helm, kube } = await realHelm({ binary, kubeconfig, context, runDir })
  const namespace = `helm-contract-${runDirs.length}`
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  return {
    helm,
    kube,
    namespace,
    deployment: DEPLOYMENT,
    async applyAs(fieldManager, object) {
      const other = await connectKube({ kind: 'kubeconfig', path: kubeconfig, context }, { fieldManager })
      await other.apply(object, { force: true })
    },
  }
})

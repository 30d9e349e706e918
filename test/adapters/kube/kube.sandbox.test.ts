import { afterAll } from 'vitest'
import { connectKube } from '../../../src/adapters/kube/index.ts'
import { describeKubeContract } from '../../contracts/kube.ts'
import { useCluster } from './cluster.ts'

const made: string[] = []
const cluster = useCluster()

afterAll(async () => {
  const kube = await connectKube(cluster())
  for (const name of made) await kube.remove({ apiVersion: 'v1', kind: 'Namespace', name })
})

describeKubeContract('API server', async () => {
  const connection = cluster()
  const kube = await connectKube(connection)
  const namespace = `contract-${made.length}-${process.pid}`
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  made.push(namespace)
  return {
    kube,
    namespace,
    async applyAs(manager, object) {
      const other = await connectKube(connection, { fieldManager: manager })
      await other.apply(object, { force: true })
    },
  }
})

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { parse, stringify } from 'yaml'
import { connectKube, type KubeConnection } from '../../../src/adapters/kube/index.ts'
import type { Kube } from '../../../src/ports/kube.ts'
import { describeKubeContract } from '../../contracts/kube.ts'
import { useCluster } from './cluster.ts'

const made: string[] = []
const cluster = useCluster()

afterAll(async () => {
  const kube = await connectKube(cluster())
  for (const name of made) await kube.remove({ apiVersion: 'v1', kind: 'Namespace', name })
})

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

/** The same connection, acting as a user whom no role names. */
async function asNobody(connection: KubeConnection): Promise<Kube> {
  if (connection.kind !== 'kubeconfig') throw new Error('the sandbox is reached by a kubeconfig')
  const folder = await mkdtemp(join(tmpdir(), 'llmgw-nobody-'))
  folders.push(folder)
  const config = parse(await readFile(connection.path ?? '', 'utf8')) as { users: { user: Record<string, unknown> }[] }
  for (const { user } of config.users) user.as = 'nobody'
  const path = join(folder, 'kubeconfig')
  await writeFile(path, stringify(config), { mode: 0o600 })
  return await connectKube({ ...connection, path })
}

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
    powerless: () => asNobody(connection),
  }
})

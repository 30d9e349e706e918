import { rename, writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import type { SandboxWorld } from '../part.ts'
import { readPki } from './api.ts'
import { readPorts } from './components.ts'

/** Context, cluster and user in the sandbox's kubeconfig. */
export const contextName = (name: string): string => `llmgw-sandbox-${name}`

/** Writes the admin kubeconfig (0600, certificates inside, so that it can be copied). */
export async function writeKubeconfig(world: SandboxWorld): Promise<void> {
  const ports = await readPorts(world)
  const pki = await readPki(world)
  const [ca, cert, key] = [pki.ca, pki.cert, pki.key].map((file) => file.toString('base64'))
  const name = contextName(world.name)
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      {
        name,
        cluster: { server: `https://127.0.0.1:${ports?.['kube-apiserver']}`, 'certificate-authority-data': ca },
      },
    ],
    users: [{ name, user: { 'client-certificate-data': cert, 'client-key-data': key } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  }
  const temporary = `${world.kubeconfig}.${process.pid}`
  await writeFile(temporary, stringify(kubeconfig), { mode: 0o600 })
  await rename(temporary, world.kubeconfig)
}

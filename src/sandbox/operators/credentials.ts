import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Api } from '../control-plane/api.ts'

const LIFETIME_S = 3600
/** Like a kubelet: a token is replaced long before it ends. */
const RENEW_AFTER_MS = (LIFETIME_S / 2) * 1000

interface AdminConfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[]
}

/** Writes `content` whole or not at all, readable by its owner only. */
export async function writePrivate(file: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, content, { mode: 0o600 })
  await rename(temporary, file)
}

/** A kubeconfig of one ServiceAccount, whose token is kept fresh: the process has the rights that the chart gave it, no more. */
export function serviceAccountCredentials(api: Api, folder: string) {
  let issued: { readonly account: string; readonly at: number } | undefined
  return {
    kubeconfig: join(folder, 'kubeconfig'),

    /** Makes or renews the token; `undefined` when all is well, else why not. */
    async refresh(adminKubeconfig: string, namespace: string, name: string): Promise<string | undefined> {
      const account = await api.call('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`)
      if (account.status !== 200) return `ServiceAccount ${namespace}/${name} is not there (${account.status})`
      const { uid } = (JSON.parse(account.text) as { metadata: { uid: string } }).metadata
      if (issued?.account === uid && performance.now() - issued.at < RENEW_AFTER_MS) return undefined
      const answer = await api.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: LIFETIME_S },
      })
      if (answer.status !== 201) return `no token for ServiceAccount ${namespace}/${name} (${answer.status})`
      const { token } = (JSON.parse(answer.text) as { status: { token: string } }).status
      await writePrivate(join(folder, 'token'), token)
      await writePrivate(join(folder, 'kubeconfig'), await kubeconfigFor(adminKubeconfig, join(folder, 'token')))
      issued = { account: uid, at: performance.now() }
      return undefined
    },
  }
}

async function kubeconfigFor(adminKubeconfig: string, tokenFile: string): Promise<string> {
  const admin = parse(await readFile(adminKubeconfig, 'utf8')) as AdminConfig
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sandbox', cluster: admin.clusters[0]?.cluster ?? {} }],
    users: [{ name: 'pod', user: { tokenFile } }],
    contexts: [{ name: 'pod', context: { cluster: 'sandbox', user: 'pod' } }],
    'current-context': 'pod',
  })
}

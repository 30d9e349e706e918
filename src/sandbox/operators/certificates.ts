import { join } from 'node:path'
import type { Api } from '../control-plane/api.ts'
import { writePrivate } from './credentials.ts'
import type { Deployment, KubeSecret } from './objects.ts'

/** In this order: the webhook reads the pair as soon as `tls.crt` changes. */
const FILES = ['ca.crt', 'tls.key', 'tls.crt'] as const

/** Keeps a folder like the volume that a pod would mount from the Deployment's first Secret volume. */
export function mountedCertificate(api: Api, folder: string) {
  let version = ''
  return {
    /** Copies the Secret when it changed; `undefined` when the folder holds a pair, else what is missing. */
    async refresh(deployment: Deployment): Promise<string | undefined> {
      const { namespace } = deployment.metadata
      const name = deployment.spec.template.spec.volumes?.find((volume) => volume.secret)?.secret?.secretName
      if (name === undefined) return 'the Deployment mounts no Secret'
      const answer = await api.call('GET', `/api/v1/namespaces/${namespace}/secrets/${name}`)
      if (answer.status !== 200) return `Secret ${namespace}/${name} is not there (${answer.status})`
      const { data = {} } = JSON.parse(answer.text) as KubeSecret
      const missing = FILES.filter((file) => !data[file])
      if (missing.length > 0) return `Secret ${namespace}/${name} has no ${missing.join(', ')} yet`
      const seen = FILES.map((file) => data[file]).join()
      if (seen === version) return undefined
      for (const file of FILES) await writePrivate(join(folder, file), Buffer.from(data[file] ?? '', 'base64'))
      version = seen
      return undefined
    },
  }
}

import type { Api } from '../control-plane/api.ts'

/** Content of a ConfigMap or Secret; values as bytes. */
export type Data = ReadonlyMap<string, Buffer>

/** Reads ConfigMaps and Secrets; undefined = it does not exist. */
export type Lookup = (kind: 'ConfigMap' | 'Secret', namespace: string, name: string) => Promise<Data | undefined>

/** As the API server has them now. */
export function liveData(api: Api): Lookup {
  return async (kind, namespace, name) => {
    const plural = kind === 'Secret' ? 'secrets' : 'configmaps'
    const answer = await api.call('GET', `/api/v1/namespaces/${namespace}/${plural}/${name}`)
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw new Error(`${kind} ${namespace}/${name} could not be read (${answer.status})`)
    const { data = {}, binaryData = {} } = JSON.parse(answer.text) as {
      readonly data?: Readonly<Record<string, string>>
      readonly binaryData?: Readonly<Record<string, string>>
    }
    const encoding = kind === 'Secret' ? 'base64' : 'utf8'
    const plain = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)] as const)
    const binary = Object.entries(binaryData).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const)
    return new Map([...plain, ...binary])
  }
}

/** What a kubelet cannot find; the container waits, and is tried again. */
export class Missing extends Error {}

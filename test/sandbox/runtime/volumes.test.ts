import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Api } from '../../../src/sandbox/control-plane/api.ts'
import type { Volume } from '../../../src/sandbox/runtime/objects.ts'
import { materialize } from '../../../src/sandbox/runtime/volumes.ts'
import { dataOf, FACTS, pod } from './pods.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-volumes-'))
})
afterEach(async () => await rm(dir, { recursive: true, force: true }))

const lookup = dataOf({
  'ConfigMap/litellm/config': { 'config.yaml': 'a: 1', 'other.py': 'x' },
  'Secret/litellm/keys': { key: 's3cret' },
})
/** Answers like an API server that has one bound claim and gives tokens. */
const api: Api = {
  async call(method, path) {
    if (path.endsWith('/token') && method === 'POST') return { status: 201, text: '{"status":{"token":"jwt"}}' }
    if (path.endsWith('/claims-bound')) return { status: 200, text: '{"spec":{"volumeName":"pv-1"}}' }
    return { status: path.includes('persistentvolumeclaims') ? 404 : 403, text: '{"message":"no"}' }
  },
  close: () => undefined,
}
const make = async (volume: Omit<Volume, 'name'>) =>
  await materialize({ api, lookup, folder: join(dir, 'pod'), persistent: join(dir, 'kept'), facts: FACTS }, pod(), {
    name: 'v',
    ...volume,
  })

describe('a volume', () => {
  it('of a ConfigMap holds its keys, or those that are listed, with their mode', async () => {
    const folder = await make({ configMap: { name: 'config' } })
    expect(await readFile(join(folder, 'config.yaml'), 'utf8')).toBe('a: 1')
    const items = [{ key: 'other.py', path: 'lib/hook.py', mode: 0o755 }]
    const listed = await make({ configMap: { name: 'config', items } })
    expect((await stat(join(listed, 'lib/hook.py'))).mode & 0o777).toBe(0o755)
  })

  it('may be made for two containers at once', async () => {
    const folders = await Promise.all([...Array(8)].map(() => make({ secret: { secretName: 'keys' } })))
    expect(await readFile(join(folders[0] ?? '', 'key'), 'utf8')).toBe('s3cret')
  })

  it('that names what is not there cannot be made, in a kubelet’s words, unless it is optional', async () => {
    await expect(make({ secret: { secretName: 'other' } })).rejects.toThrow('secret "other" not found')
    const items = [{ key: 'nothing', path: 'x' }]
    await expect(make({ secret: { secretName: 'keys', items } })).rejects.toThrow(
      'references non-existent config key: nothing',
    )
    await expect(make({ persistentVolumeClaim: { claimName: 'none' } })).rejects.toThrow(
      'persistentvolumeclaim "none" not found',
    )
    await expect(make({ secret: { secretName: 'other', optional: true } })).resolves.toContain('/v')
  })

  it('of a claim lasts longer than the Pod', async () => {
    expect(await make({ persistentVolumeClaim: { claimName: 'claims-bound' } })).toBe(join(dir, 'kept', 'pv-1'))
  })

  it('may be put together of a token, a Secret and the Pod’s own fields', async () => {
    const folder = await make({
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', audience: 'sts.amazonaws.com' } },
          { secret: { name: 'keys' } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    })
    const read = async (file: string) => await readFile(join(folder, file), 'utf8')
    expect([await read('token'), await read('key'), await read('namespace')]).toEqual(['jwt', 's3cret', 'litellm'])
  })
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connectApi } from '../../src/sandbox/control-plane/api.ts'
import { useSandbox } from '../sandbox-under-test.ts'

const sandbox = useSandbox()

/** Polls until the check gives something; the deadline is the test's own. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function api<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const client = await connectApi(sandbox.connection)
  try {
    return JSON.parse((await client.call(method, path, body)).text) as T
  } finally {
    client.close()
  }
}

/** A new namespace takes no Pod before the controller manager gave it a ServiceAccount: refused until then. */
async function makePod(name: string, spec: object): Promise<void> {
  const client = await connectApi(sandbox.connection)
  try {
    await until(async () => {
      const { status } = await client.call('POST', '/api/v1/namespaces/default/pods', { metadata: { name }, spec })
      return status === 201 ? true : undefined
    })
  } finally {
    client.close()
  }
}

const container = { name: 'main', image: 'example.test/app:1' }

describe('the cluster of the sandbox', () => {
  test('has ready nodes in three zones', async () => {
    const ready = await until(async () => {
      const { items } = await api<{
        items: {
          metadata: { labels: Record<string, string> }
          status: { conditions?: { type: string; status: string }[] }
        }[]
      }>('GET', '/api/v1/nodes')
      const well = items.filter(({ status }) =>
        status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'),
      )
      return well.length >= 3 ? well : undefined
    })
    expect(ready.map(({ metadata }) => metadata.labels['topology.kubernetes.io/zone']).sort()).toEqual([
      'us-east-1a',
      'us-east-1b',
      'us-east-1c',
    ])
  })

  test('gives ClusterIPs in its own range on loopback', async () => {
    const ip = async (name: string) =>
      (
        await api<{ spec: { clusterIP: string } }>('POST', '/api/v1/namespaces/default/services', {
          metadata: { name },
          spec: { ports: [{ port: 443 }] },
        })
      ).spec.clusterIP
    const clusterIp = await ip('cluster-ip-test')
    const [network = ''] = sandbox.connection.serviceRange.split('/')
    const toNumber = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    expect(toNumber(clusterIp) - toNumber(network)).toBeGreaterThan(0)
    expect(toNumber(clusterIp) - toNumber(network)).toBeLessThan(4096)
    await api('DELETE', '/api/v1/namespaces/default/services/cluster-ip-test')
  })

  test('binds a claim of a pod to a volume of the pool', async () => {
    const claims = '/api/v1/namespaces/default/persistentvolumeclaims'
    await api('POST', claims, {
      metadata: { name: 'claim-test' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } } },
    })
    await makePod('claim-test', {
      containers: [container],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'claim-test' } }],
    })
    const bound = await until(async () => {
      const claim = await api<{ spec: { volumeName?: string }; status: { phase: string } }>(
        'GET',
        `${claims}/claim-test`,
      )
      return claim.status.phase === 'Bound' ? claim : undefined
    })
    expect(bound.spec.volumeName).toMatch(/^gp3-us-east-1[abc]-\d+$/)
    await api('DELETE', '/api/v1/namespaces/default/pods/claim-test')
    await api('DELETE', `${claims}/claim-test`)
  })

  test('leaves a pod that a real process backs running but not ready, and makes any other ready', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    interface Pod {
      status: { phase: string; conditions?: { type: string; status: string }[] }
    }
    const running = async (name: string) =>
      await until(async () => {
        const pod = await api<Pod>('GET', `${pods}/${name}`)
        return pod.status.phase === 'Running' ? pod : undefined
      })
    const ready = (pod: Pod) => pod.status.conditions?.find(({ type }) => type === 'Ready')?.status
    const image = 'ghcr.io/external-secrets/external-secrets:v0.0.0-test'
    await makePod('backed', { containers: [{ ...container, image }] })
    await makePod('simulated', { containers: [container] })
    expect(ready(await running('simulated'))).toBe('True')
    expect(ready(await running('backed'))).toBe('False')
    await api('DELETE', `${pods}/backed`)
    await api('DELETE', `${pods}/simulated`)
  })

  test('completes Jobs', async () => {
    const jobs = '/apis/batch/v1/namespaces/default/jobs'
    await api('POST', jobs, {
      metadata: { name: 'hook-test' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } },
    })
    const done = await until(async () => {
      const job = await api<{ status: { succeeded?: number } }>('GET', `${jobs}/hook-test`)
      return job.status.succeeded
    })
    expect(done).toBe(1)
    await api('DELETE', `${jobs}/hook-test?propagationPolicy=Background`)
  })

  test('enforces Pod Security as a namespace asks for it', async () => {
    const [strict, open] = ['strict-test', 'open-test']
    const enforce = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await api('POST', '/api/v1/namespaces', { metadata: { name: strict, labels: enforce } })
    await api('POST', '/api/v1/namespaces', { metadata: { name: open } })
    const pod = {
      metadata: { name: 'privileged' },
      spec: { containers: [{ ...container, securityContext: { privileged: true } }] },
    }
    const tryIn = async (namespace: string) =>
      await until(async () => {
        const answer = await api<{ message?: string; kind: string }>(
          'POST',
          `/api/v1/namespaces/${namespace}/pods`,
          pod,
        )
        // The namespace's default ServiceAccount appears a moment after it.
        return answer.message?.includes('serviceaccount') ? undefined : answer
      })
    expect((await tryIn(strict)).message).toContain('violates PodSecurity "restricted')
    expect((await tryIn(open)).kind).toBe('Pod')
    await api('DELETE', `/api/v1/namespaces/${strict}`)
    await api('DELETE', `/api/v1/namespaces/${open}`)
  })

  test('signs tokens as the issuer of the EKS cluster, and publishes the key', async () => {
    const { status } = await api<{ status: { token: string } }>(
      'POST',
      '/api/v1/namespaces/default/serviceaccounts/default/token',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['sts.amazonaws.com'] } },
    )
    const [header = '', claims = ''] = status.token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
    expect(JSON.parse(claims)).toMatchObject({ iss: sandbox.connection.oidcIssuer, aud: ['sts.amazonaws.com'] })
    const jwks = JSON.parse(await readFile(join(sandbox.connection.dir, 'jwks.json'), 'utf8')) as {
      keys: { kid: string }[]
    }
    expect(jwks.keys.map(({ kid }) => kid)).toContain((JSON.parse(header) as { kid: string }).kid)
  })
})

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { useDeployedSandbox } from './world/deployed.ts'
import { llmgw } from './world/llmgw.ts'
import { expectOneOfEach } from './world/one-of-each.ts'
import { REMOTE_SECRETS, ROLES } from './world/platform.ts'
import { snapshot } from './world/snapshot.ts'
import { throughProxies } from './world/through-proxies.ts'

const sandbox = useDeployedSandbox('e2e-isolation', { deploy: false })
const state = () => snapshot(sandbox.at, { roles: ROLES, secrets: REMOTE_SECRETS })

/** Where everything in the environment leads: each connection is a leak. */
let trap: Server
let port = 0
let connections = 0
let dir = ''

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-isolation-'))
  trap = createServer((socket) => {
    connections += 1
    socket.on('error', () => undefined).destroy()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => trap.once('listening', resolve))
  port = (trap.address() as { port: number }).port
  await writeFile(join(dir, 'kubeconfig'), stringify(kubeconfigOf(`https://127.0.0.1:${port}`)), { mode: 0o600 })
  await writeFile(
    join(dir, 'aws-config'),
    ['default', 'profile trap']
      .map(
        (section) =>
          `[${section}]\nregion = xx-nowhere-1\nendpoint_url = http://127.0.0.1:${port}\nuse_fips_endpoint = maybe\n`,
      )
      .join(''),
  )
  await writeFile(join(dir, 'aws-credentials'), '[trap]\naws_access_key_id = AKIDFILE\naws_secret_access_key = file\n')
})
afterAll(async () => {
  trap.close()
  await rm(dir, { recursive: true, force: true })
})
beforeEach(() => {
  connections = 0
})

/** Names the sandbox's own context, so that nobody is saved by a name that is not there. */
function kubeconfigOf(server: string): unknown {
  const name = 'kwok-sandbox'
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'kube-system' } }],
    clusters: [{ name, cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: { token: 'of-somebody-else' } }],
  }
}

/** What may stand in any shell and says nothing about the account or the cluster that a file pins. */
function surroundings(): Record<string, string> {
  const url = `http://127.0.0.1:${port}`
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()])
  return {
    ...Object.fromEntries(proxies.map((name) => [name, url])),
    NO_PROXY: '',
    NODE_USE_ENV_PROXY: '1',
    NODE_OPTIONS: '--throw-deprecation --dns-result-order=ipv6first --max-http-header-size=8192',
    KUBECONFIG: join(dir, 'kubeconfig'),
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(port),
    HELM_KUBEAPISERVER: `https://127.0.0.1:${port}`,
    HELM_KUBETOKEN: 'of-somebody-else',
    HELM_KUBECONTEXT: 'kwok-sandbox',
    HELM_KUBEINSECURE_SKIP_TLS_VERIFY: 'true',
    HELM_NAMESPACE: 'kube-system',
    HELM_DRIVER: 'memory',
    HELM_PLUGINS: dir,
    HELM_REPOSITORY_CONFIG: join(dir, 'repositories.yaml'),
    AWS_CONFIG_FILE: join(dir, 'aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(dir, 'aws-credentials'),
    AWS_DEFAULT_REGION: 'xx-nowhere-1',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
  }
}

/** What would choose another account, region or cluster. */
function choices(): Record<string, string> {
  const url = `http://127.0.0.1:${port}`
  return {
    AWS_PROFILE: 'trap',
    AWS_REGION: 'eu-west-1',
    AWS_ACCOUNT_ID: '210987654321',
    EKS_CLUSTER_NAME: 'production',
    AWS_ACCESS_KEY_ID: 'AKIDREAL',
    AWS_SECRET_ACCESS_KEY: 'real',
    AWS_SESSION_TOKEN: 'real-session',
    AWS_ROLE_ARN: 'arn:aws:iam::210987654321:role/production',
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_STS: url,
    AWS_ENDPOINT_URL_EKS: url,
    AWS_ENDPOINT_URL_IAM: url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
    AWS_USE_FIPS_ENDPOINT: 'maybe',
    AWS_RETRY_MODE: 'bogus',
    AWS_MAX_ATTEMPTS: 'bogus',
    OIDC_PROVIDER: 'oidc.eks.eu-west-1.amazonaws.com/id/OTHER',
    LLMGW_AWS_ENDPOINT_URL: url,
    LLMGW_AWS_PROFILE: 'trap',
  }
}

test('the trap notices: a helm with this environment falls into it', async () => {
  // The driver `memory` is a trap of its own: with it nothing is asked, and a release is forgotten.
  const own = { PATH: sandbox.env.PATH, HOME: dir, ...surroundings(), HELM_DRIVER: 'secret' }
  await promisify(execFile)(sandbox.connection.helm, ['list'], { env: own }).catch(() => undefined)
  expect(connections).toBeGreaterThan(0)
})

describe.sequential('a run on EKS', () => {
  async function deploy(more: Readonly<Record<string, string>>) {
    const cluster = { name: sandbox.connection.aws.clusterName, connection: { kind: 'eks' } }
    const proxied = await throughProxies(sandbox.connection, {}, { cluster })
    const secrets = join(dir, 'provided.env')
    await writeFile(secrets, '', { mode: 0o600 })
    try {
      const args = ['deploy', 'all', '--yes', '--config', proxied.config, '--secrets-file', secrets]
      const path = `${dirname(sandbox.connection.helm)}:${sandbox.env.PATH}`
      const env = { ...sandbox.env, ...surroundings(), ...proxied.env, PATH: path, ...more }
      return { ended: await llmgw(args, { env }), kube: proxied.kube.seen, aws: proxied.aws.seen }
    } finally {
      await proxied.close()
    }
  }

  test.each([
    ['AWS_ENDPOINT_URL', /AWS_ENDPOINT_URL would send AWS calls to http:\S+, which the configuration does not name/],
    ['AWS_ENDPOINT_URL_STS', /AWS_ENDPOINT_URL_STS would send AWS calls to http:\S+/],
    ['OIDC_PROVIDER', /OIDC_PROVIDER is oidc\.eks\.eu-west-1\S+, but EKS cluster "\S+" has /],
  ])('is refused where %s would lead it away', async (name, error) => {
    const before = await state()
    const { ended, kube, aws } = await deploy({ [name]: choices()[name] ?? '' })
    expect([ended.code, ended.stderr], ended.output).toEqual([3, expect.stringMatching(error)])
    expect(ended.stderr).toMatch(new RegExp(`next: unset ${name}`))
    expect([...kube, ...aws].filter(({ write }) => write)).toEqual([])
    expect(await state()).toEqual(before)
    expect(connections).toBe(0)
  })

  test('finds its cluster by DescribeCluster, shows a token of its own, and goes nowhere else', async () => {
    const { ended, kube, aws } = await deploy({})
    expect(ended.code, ended.output).toBe(0)
    expect(connections).toBe(0)
    expect(aws.some(({ path }) => path === `/clusters/${sandbox.connection.aws.clusterName}`)).toBe(true)
    const isHelm = ({ userAgent }: { readonly userAgent: string }): boolean => /^helm/i.test(userAgent)
    expect(kube.some((seen) => isHelm(seen) && seen.write)).toBe(true)
    // Helm shows a token to https only; its kubeconfig has the same one.
    for (const { authorization } of kube.filter((seen) => !isHelm(seen)))
      expect(presigned(authorization)).toMatch(/^sts\.us-east-1\.amazonaws\.com\//)
    await expectOneOfEach(sandbox.at)
  })
})

describe.sequential('a run on the sandbox', () => {
  test('stays there, whatever the shell says', async () => {
    const redis = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'litellm', name: 'redis-redis-ha-server' }
    await sandbox.at.kube.patch(redis, { spec: { replicas: 2 } })
    await sandbox.at.aws.iam.removeInlinePolicy(ROLES[0] ?? '', await policyOf(ROLES[0] ?? ''))
    const ended = await sandbox.run('deploy all --yes', { ...surroundings(), ...choices() })
    expect(ended.code, ended.output).toBe(0)
    expect(connections).toBe(0)
    expect((await sandbox.at.kube.find(redis))?.spec).toMatchObject({ replicas: 3 })
    await expectOneOfEach(sandbox.at)
  })
})

/** Host and path of the call that an EKS token is made of. */
function presigned(authorization: string): string {
  const encoded = /^Bearer k8s-aws-v1\.(\S+)$/.exec(authorization)?.[1]
  if (encoded === undefined) return `no EKS token: ${authorization}`
  const { host, pathname } = new URL(Buffer.from(encoded, 'base64url').toString('utf8'))
  return `${host}${pathname}`
}

async function policyOf(role: string): Promise<string> {
  const [name] = Object.keys((await sandbox.at.aws.iam.findRole(role))?.inline ?? {})
  return name ?? ''
}

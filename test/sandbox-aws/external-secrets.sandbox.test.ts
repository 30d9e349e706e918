import { readFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam'
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { identify } from '../../src/adapters/process-identity.ts'
import { status, up } from '../../src/sandbox/index.ts'
import { findOwn } from '../../src/sandbox/mark.ts'
import { type SandboxUnderTest, sandboxShell, useSandbox } from '../sandbox-under-test.ts'
import { kube, until } from './kube.ts'
import { listenersOf } from './listeners.ts'

const NAMESPACE = 'external-secrets'
const STORE = 'test-store'
const ES = '/apis/external-secrets.io/v1'
const sandbox: SandboxUnderTest = useSandbox({ own: 'eso-test' })

interface Conditioned {
  readonly metadata: { readonly name: string }
  readonly status?: {
    readonly refreshTime?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[]
  }
}

const condition = ({ status: { conditions = [] } = {} }: Conditioned, type: string) =>
  conditions.find((one) => one.type === type)

const aws = () => {
  const { endpoint, region, accessKeyId, secretAccessKey } = sandbox.connection.aws
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } }
}
const issuer = () => sandbox.connection.oidcIssuer.replace('https://', '')

async function trust(subject: string): Promise<string> {
  const { accountId } = sandbox.connection.aws
  const statement = {
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${accountId}:oidc-provider/${issuer()}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${issuer()}:sub`]: subject, [`${issuer()}:aud`]: 'sts.amazonaws.com' } },
  }
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
}
const SUBJECT = `system:serviceaccount:${NAMESPACE}:external-secrets`

async function allow(...names: readonly string[]): Promise<void> {
  const { region, accountId } = sandbox.connection.aws
  const Resource = names.map((name) => `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-??????`)
  const Action = ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret']
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] })
  await new IAMClient(aws()).send(new PutRolePolicyCommand({ RoleName: 'eso', PolicyName: 'read', PolicyDocument }))
}

/** An ExternalSecret named as its target, with one key from `remote`. */
async function makeExternalSecret(name: string, remote: string): Promise<void> {
  await kube(sandbox.connection, 'POST', `${ES}/namespaces/default/externalsecrets`, {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { name },
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: STORE },
      target: { name },
      data: [{ secretKey: 'value', remoteRef: { key: remote } }],
    },
  })
}

const externalSecret = async (name: string) =>
  await kube<Conditioned>(sandbox.connection, 'GET', `${ES}/namespaces/default/externalsecrets/${name}`)

async function forceSync(name: string): Promise<void> {
  await kube(sandbox.connection, 'PATCH', `${ES}/namespaces/default/externalsecrets/${name}`, {
    metadata: { annotations: { 'force-sync': `${Date.now()}` } },
  })
}

const ready = async (name: string, wanted: 'True' | 'False') =>
  await until(`ExternalSecret ${name} Ready=${wanted}`, async () => {
    const seen = await externalSecret(name)
    return condition(seen, 'Ready')?.status === wanted ? seen : undefined
  })

/** What the controller says in its events about the object; the status never names the cause. */
const eventAbout = async (name: string, reason: string, text: RegExp) =>
  await until(`event ${reason} of ${name} with ${text}`, async () => {
    const query = encodeURIComponent(`involvedObject.name=${name},reason=${reason}`)
    const { items } = await kube<{ items: readonly { message?: string; note?: string }[] }>(
      sandbox.connection,
      'GET',
      `/api/v1/events?fieldSelector=${query}`,
    )
    return items.map(({ message = '' }) => message).find((message) => text.test(message))
  })

const operators = async () =>
  (await status({ name: 'eso-test', shell: sandboxShell() })).parts.find(({ name }) => name === 'operators')

async function installChart(): Promise<void> {
  const chart = join(sandbox.connection.dir, 'charts', 'external-secrets')
  const role = `arn:aws:iam::${sandbox.connection.aws.accountId}:role/eso`
  const set = `serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn=${role}`
  const args = ['install', 'external-secrets', chart, '--namespace', NAMESPACE, '--create-namespace', '--set', set]
  await execa(sandbox.connection.helm, [...args, '--wait', '--timeout', '120s'], {
    env: { KUBECONFIG: sandbox.connection.kubeconfig },
  })
}

const podReady = async (name: string) => {
  const query = encodeURIComponent(`app.kubernetes.io/name=${name}`)
  const { items } = await kube<{ items: readonly Conditioned[] }>(
    sandbox.connection,
    'GET',
    `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=${query}`,
  )
  return items.length > 0 && items.every((pod) => condition(pod, 'Ready')?.status === 'True')
}

beforeAll(async () => {
  expect((await operators())?.state).toBe('idle')
  const iam = new IAMClient(aws())
  await iam.send(new CreateRoleCommand({ RoleName: 'eso', AssumeRolePolicyDocument: await trust(SUBJECT) }))
  await allow('litellm/database-url')
  await installChart()
  await kube(sandbox.connection, 'POST', `${ES}/clustersecretstores`, {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ClusterSecretStore',
    metadata: { name: STORE },
    spec: {
      provider: {
        aws: {
          service: 'SecretsManager',
          region: sandbox.connection.aws.region,
          auth: { jwt: { serviceAccountRef: { name: 'external-secrets', namespace: NAMESPACE } } },
        },
      },
    },
  })
})

describe('the real External Secrets', () => {
  test('runs behind the Deployments, and says which versions meet', async () => {
    const health = await operators()
    expect(health).toMatchObject({
      state: 'running',
      detail: expect.stringMatching(/chart 2\.9\.0, controller 0\.20\.4, real processes behind simulated pods/),
    })
  })

  test('syncs the value that Secrets Manager holds, through the role of its ServiceAccount', async () => {
    await makeExternalSecret('synced', 'litellm/database-url')
    await ready('synced', 'True')
    const { data } = await kube<{ data: { value: string } }>(
      sandbox.connection,
      'GET',
      '/api/v1/namespaces/default/secrets/synced',
    )
    const { SecretString } = await new SecretsManagerClient(aws()).send(
      new GetSecretValueCommand({ SecretId: 'litellm/database-url' }),
    )
    expect(Buffer.from(data.value, 'base64').toString()).toBe(SecretString)
  })

  test("tells AWS's words when the policy lacks the ARN, and syncs once it has it", async () => {
    await makeExternalSecret('denied', 'openwebui/oidc-client-id')
    await ready('denied', 'False')
    const message = await eventAbout('denied', 'UpdateFailed', /AccessDeniedException/)
    expect(message).toMatch(
      /assumed-role\/eso\/.* is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:.*openwebui\/oidc-client-id-\w{6} because no identity-based policy allows/,
    )
    await allow('litellm/database-url', 'openwebui/*')
    await forceSync('denied')
    await ready('denied', 'True')
  })

  test('tells that the remote key is not there, and syncs once it is', async () => {
    await allow('litellm/*', 'openwebui/*')
    await makeExternalSecret('absent', 'litellm/not-made')
    await ready('absent', 'False')
    await eventAbout('absent', 'UpdateFailed', /Secret does not exist|ResourceNotFoundException/)
    const client = new SecretsManagerClient(aws())
    await client.send(new CreateSecretCommand({ Name: 'litellm/not-made', SecretString: 'made now' }))
    await forceSync('absent')
    await ready('absent', 'True')
  })

  test('picks up a new version', async () => {
    const client = new SecretsManagerClient(aws())
    await client.send(new CreateSecretCommand({ Name: 'litellm/changing', SecretString: 'first' }))
    await makeExternalSecret('changing', 'litellm/changing')
    await ready('changing', 'True')
    await client.send(new PutSecretValueCommand({ SecretId: 'litellm/changing', SecretString: 'second' }))
    await forceSync('changing')
    const value = await until('the second version', async () => {
      const path = '/api/v1/namespaces/default/secrets/changing'
      const { data } = await kube<{ data: { value: string } }>(sandbox.connection, 'GET', path)
      const text = Buffer.from(data.value, 'base64').toString()
      return text === 'second' ? text : undefined
    })
    expect(value).toBe('second')
  })

  test('makes the store invalid with the words of STS when the trust policy names another subject', async () => {
    const iam = new IAMClient(aws())
    const change = async (subject: string) =>
      await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'eso', PolicyDocument: await trust(subject) }))
    const store = async () => await kube<Conditioned>(sandbox.connection, 'GET', `${ES}/clustersecretstores/${STORE}`)
    const storeReady = async (wanted: string) =>
      await until(`store Ready=${wanted}`, async () => {
        const ready = condition(await store(), 'Ready')
        return ready?.status === wanted ? ready : undefined
      })
    await storeReady('True')
    await change('system:serviceaccount:other:external-secrets')
    expect((await storeReady('False')).reason).toBe('InvalidProviderConfig')
    await eventAbout(
      STORE,
      'InvalidProviderConfig',
      /AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity/,
    )
    await change(SUBJECT)
    await storeReady('True')
  })

  test('refuses an impossible object through its webhook', async () => {
    const object = {
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata: { name: 'impossible' },
      spec: {
        secretStoreRef: { kind: 'ClusterSecretStore', name: STORE },
        // Nothing could delete what the controller does not own.
        target: { creationPolicy: 'Merge', deletionPolicy: 'Delete' },
        data: [{ secretKey: 'value', remoteRef: { key: 'litellm/database-url' } }],
      },
    }
    await expect(kube(sandbox.connection, 'POST', `${ES}/namespaces/default/externalsecrets`, object)).rejects.toThrow(
      /admission webhook .* denied the request/,
    )
  })
})

const marked = async (command: RegExp) => {
  const found = await findOwn(sandbox.connection.dir)
  const named = await Promise.all(
    found.map(async (process) => ({ process, command: await readFile(`/proc/${process.pid}/cmdline`, 'utf8') })),
  )
  return named.filter((one) => command.test(one.command)).map(({ process }) => process)
}

describe('supervision', () => {
  const CONTROLLER = /^[^\0]*external-secrets\0--/

  test('sees the end of the controller, makes its pod unready, and starts it again', async () => {
    const [before] = await marked(CONTROLLER)
    if (before === undefined) throw new Error('no controller runs')
    process.kill(before.pid, 'SIGKILL')
    await until('the pod not ready', async () => ((await podReady('external-secrets')) ? undefined : true))
    const [after] = await until('another controller', async () => {
      const running = await marked(CONTROLLER)
      return running.some(({ pid }) => pid !== before.pid) ? running : undefined
    })
    expect(after?.pid).not.toBe(before.pid)
    await until('the pod ready', async () => ((await podReady('external-secrets')) ? true : undefined))
    await until('all running', async () => ((await operators())?.state === 'running' ? true : undefined))
  })

  test("says so when the webhook's address is taken, and mends it when it is free", async () => {
    const [, host = ''] = /webhook on (127\.[\d.]+):443/.exec((await operators())?.detail ?? '') ?? []
    const [webhook] = await marked(/external-secrets\0webhook\0/)
    if (webhook === undefined) throw new Error('no webhook runs')
    process.kill(webhook.pid, 'SIGKILL')
    const intruder = createServer()
    await until('the address free for a moment', async () => await listening(intruder, host, 443))
    await until('the address named', async () =>
      (await operators())?.detail.includes(`cannot listen on ${host}:443 (EADDRINUSE)`) ? true : undefined,
    )
    expect(await podReady('external-secrets-webhook')).toBe(false)
    intruder.close()
    await until('all running', async () => ((await operators())?.state === 'running' ? true : undefined))
    await until('the pod ready', async () => ((await podReady('external-secrets-webhook')) ? true : undefined))
  })

  test('outlives its supervisor: the next one takes the processes over', async () => {
    const [supervisor] = await marked(/operators/)
    if (supervisor === undefined) throw new Error('no supervisor runs')
    const [controller] = await marked(CONTROLLER)
    process.kill(supervisor.pid, 'SIGKILL')
    await until('its end', async () => ((await identify(supervisor.pid)) ? undefined : true))
    expect(await operators()).toMatchObject({ state: 'down' })
    await up({ name: 'eso-test', shell: sandboxShell() }, () => undefined, new AbortController().signal)
    await until('all running', async () => ((await operators())?.state === 'running' ? true : undefined))
    expect(await marked(CONTROLLER)).toEqual([controller])
  })

  test('listens on loopback only', async () => {
    const pids = (await findOwn(sandbox.connection.dir)).map(({ pid }) => pid)
    const addresses = await listenersOf(pids)
    expect(addresses.length).toBeGreaterThan(8)
    expect(addresses.filter((address) => !/^127\.\d+\.\d+\.\d+:/.test(address))).toEqual([])
    const port = /webhook on 127\.[\d.]+:(\d+)/.exec((await operators())?.detail ?? '')?.[1]
    const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
    const address = outside.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
    if (address !== undefined) await expect(dial(address, Number(port))).rejects.toThrow(/ECONNREFUSED/)
  })

  test('ends the processes when the Deployments go', async () => {
    await execa(sandbox.connection.helm, ['uninstall', 'external-secrets', '--namespace', NAMESPACE], {
      env: { KUBECONFIG: sandbox.connection.kubeconfig },
    })
    await until('no process', async () => ((await marked(/external-secrets\0/)).length === 0 ? true : undefined))
    await until('idle', async () => ((await operators())?.state === 'idle' ? true : undefined))
  })
})

function dial(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 2_000 })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}

/** True once the server listens, undefined while the address is taken. */
function listening(server: Server, host: string, port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen({ host, port, exclusive: true }, () => resolve(true))
  })
}

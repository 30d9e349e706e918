import { ENDPOINTS, type Endpoint, type Login } from '../../../steps/endpoints.ts'
import { UsageError } from '../../errors.ts'
import type { AccessFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { endpointsNamed } from '../run/endpoints.ts'
import { platformFlags } from '../run/pasteable.ts'
import { type Session, withSession } from '../run/session.ts'

/** `llmgw access`: what is where, and how to log in; a value only with `--show`, in a terminal. @returns exit code */
export async function access(words: readonly string[], flags: AccessFlags, host: Host): Promise<number> {
  const chosen = words.length === 0 ? ENDPOINTS : endpointsNamed(words)
  if (flags.show && (flags.output !== 'text' || host.stdout.isTTY !== true))
    throw new UsageError('ShowNeedsTerminal', '--show prints secret values, and this is no terminal', {
      hint: 'let the command that it prints without --show read the value where it is needed',
    })
  return await withSession(
    { command: ['access', ...words].join(' '), flags: { ...flags, deep: false }, host },
    (session) => run(session, chosen, flags.show),
  )
}

interface Found {
  readonly endpoint: Endpoint
  readonly url: string
  readonly there: boolean
  readonly login: Login
}

async function run(session: Session, chosen: readonly Endpoint[], show: boolean): Promise<number> {
  const found = await Promise.all(chosen.map((endpoint) => look(session, endpoint)))
  await session.stage.close()
  const flag = platformFlags(session.request.flags)
  for (const one of found) session.print(textOf(one, flag, show ? await secretValue(session, one) : undefined))
  session.printJson({
    command: session.request.command,
    target: session.guarded.target,
    endpoints: found.map(({ endpoint, url, there, login }) => ({
      name: endpoint.name,
      title: endpoint.title,
      deployed: there,
      url,
      forward: `llmgw${flag} forward ${endpoint.name}`,
      ...login,
    })),
  })
  return 0
}

async function look({ ctx, stop }: Session, endpoint: Endpoint): Promise<Found> {
  const namespace = ctx.config.namespaces[endpoint.namespace]
  const ref = { apiVersion: 'v1', kind: 'Service', namespace, name: endpoint.service }
  const there = (await ctx.kube.find(ref, stop.signal)) !== undefined
  const port = endpoint.port === 80 ? '' : `:${endpoint.port}`
  return {
    endpoint,
    there,
    url: `http://${endpoint.service}.${namespace}.svc${port}`,
    login: endpoint.login(ctx.config),
  }
}

function textOf({ endpoint, there, url, login }: Found, flag: string, value: string | undefined): string {
  const head = `${endpoint.name}  ${endpoint.title}`
  if (!there) return `${head}\n  not deployed: llmgw${flag} deploy ${endpoint.component}`
  const { user, secret, words } = login
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['in the cluster', url],
    ['from here', `llmgw${flag} forward ${endpoint.name}`],
    ['login', words],
    ['user', user],
    ['password', secret && readCommand(secret)],
    ['its value', value],
  ]
  return [
    head,
    ...rows.flatMap(([title, text]) => (text === undefined ? [] : [`  ${title.padEnd(14)}  ${text}`])),
  ].join('\n')
}

function readCommand({ namespace, name, key }: NonNullable<Login['secret']>): string {
  return `kubectl get secret ${name} -n ${namespace} -o jsonpath='{.data.${key.replaceAll('.', '\\.')}}' | base64 -d`
}

/** Read only now, shown only here; it is on purpose no `Secret`, whose value every output masks. */
async function secretValue({ ctx, stop }: Session, { there, login: { secret } }: Found): Promise<string | undefined> {
  if (!there || secret === undefined) return undefined
  const { namespace, name, key } = secret
  const object = await ctx.kube.find({ apiVersion: 'v1', kind: 'Secret', namespace, name }, stop.signal)
  const data = ((object?.data ?? {}) as Readonly<Record<string, string>>)[key]
  return data === undefined
    ? `not there: Secret ${namespace}/${name} has no ${key}`
    : Buffer.from(data, 'base64').toString('utf8')
}

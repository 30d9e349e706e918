import type { LoadRequest } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Random } from '../ports/index.ts'
import type { SandboxConnection } from '../sandbox/index.ts'
import { Secret } from '../secret.ts'

/** What would lead a helm process out of the sandbox. Loopback needs no proxy. */
const FOREIGN = /^(AWS_.*|KUBECONFIG|KUBE_.*|HELM_.*|https?_proxy|all_proxy|no_proxy)$/i

/** The shell's environment without what must not matter on the sandbox. */
export function withoutForeignSettings(env: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !FOREIGN.test(name)))
}

/**
 * What follows from pods that are real: migrations take half a minute, so who wants a database asks for it, and a Redis of
 * which one server is real has no replica to write to.
 */
const REAL_PODS = {
  database: { kind: 'none' },
  cache: { kind: 'redis-ha', replicas: 1, storage: '4Gi', memory: '512Mi' },
} as const

/** A sandbox describes an identity provider and has none: a real Open WebUI would send everybody to a name that leads nowhere. */
const REAL_WEB_UI = { auth: { ui: 'local' } } as const

/** The built-in configuration of the sandbox; a file named with --config stands in for `values`, never for `facts`. */
export function sandboxConfig({
  aws,
  kubeconfig,
  context,
  pods,
}: SandboxConnection): NonNullable<LoadRequest['builtIn']> {
  return {
    name: 'sandbox',
    values: {
      preset: 'platform',
      storage: { manage: 'create' },
      ...(pods.kind === 'process' ? REAL_PODS : {}),
      ...(pods.programs.includes('open-webui') ? REAL_WEB_UI : {}),
    },
    facts: {
      aws: { region: aws.region, accountId: aws.accountId, endpointUrl: aws.endpoint },
      cluster: { name: aws.clusterName, connection: { kind: 'kubeconfig', path: kubeconfig, context } },
    },
  }
}

interface Known {
  readonly random: Random
  /** Where an identity provider is described. */
  readonly identity?: string | undefined
  /** Address of a PostgreSQL that is there. */
  readonly database?: string | undefined
}

/** The database that Open WebUI gets beside LiteLLM's. */
const WEB_UI_DATABASE = '/openwebui'

/** Values that have the right form, and lead nowhere but where a part of the sandbox is there for them. */
export function madeUpValue(config: Config, name: string, { random, identity, database }: Known): Secret | undefined {
  const item = config.secrets.items[name]
  if (item?.class !== 'provided') return undefined
  if (item.format !== 'url') return new Secret(`sandbox-${name}-${random.hex(12)}`)
  if (!name.includes('database')) {
    return new Secret(identity ?? `https://login.sandbox.invalid/${random.hex(8)}/.well-known/openid-configuration`)
  }
  const url = new URL(database ?? `postgresql://litellm:${random.hex(16)}@postgresql.sandbox.invalid:5432/litellm`)
  if (name.startsWith('webui')) url.pathname = WEB_UI_DATABASE
  return new Secret(url.href)
}

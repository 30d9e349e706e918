import { closest } from './closest.ts'
import type { Fault } from './fault.ts'
import type { Config } from './schema.ts'
import { showText } from './show.ts'

/** What is wrong between the gateway, its models and the chat interface. */
export function gatewayFaults(config: Config): readonly Fault[] {
  return [
    ...fallbackFaults(config),
    ...autoscalingFaults(config),
    ...uiFaults(config),
    ...tokenFaults(config),
    ...ruleFaults(config),
  ]
}

/** LiteLLM takes such a fallback, and the call that needs it fails. */
function fallbackFaults({ gateway: { fallbacks }, models }: Config): readonly Fault[] {
  const names = models.map(({ name }) => name)
  return Object.entries(fallbacks).flatMap(([from, to]) => [
    ...(names.includes(from)
      ? []
      : [{ path: ['gateway', 'fallbacks', from], atKey: true, message: unknownModel(from, names) }]),
    ...to.flatMap((name, index) => {
      const path = ['gateway', 'fallbacks', from, index]
      if (name === from) return [{ path, message: `"${showText(name)}" falls back to itself` }]
      return names.includes(name) ? [] : [{ path, message: unknownModel(name, names) }]
    }),
  ])
}

function unknownModel(name: string, names: readonly string[]): string {
  const near = closest(name, names)
  return `no model "${showText(name)}" in models${near ? `; did you mean "${near}"?` : ''}`
}

function autoscalingFaults({ gateway: { autoscaling } }: Config): readonly Fault[] {
  if (autoscaling.kind === 'none' || autoscaling.minReplicas <= autoscaling.maxReplicas) return []
  const { minReplicas, maxReplicas } = autoscaling
  const path = ['gateway', 'autoscaling', 'minReplicas']
  return [{ path, message: `${minReplicas} is more than maxReplicas, ${maxReplicas}` }]
}

/** Source: Open WebUI documentation, scaling: shared database, files and websockets. */
function uiFaults({ ui, cache }: Config): readonly Fault[] {
  if (ui.kind !== 'open-webui' || ui.replicas === 1) return []
  const why = `${ui.replicas} replicas share`
  return [
    ...(ui.database === 'postgresql'
      ? []
      : [{ path: ['ui', 'database'], message: `is ${ui.database}; ${why} one database, expected postgresql` }]),
    ...(ui.storage.access === 'ReadWriteMany'
      ? []
      : [
          {
            path: ['ui', 'storage', 'access'],
            message: `is ${ui.storage.access}; ${why} their files, expected ReadWriteMany`,
          },
        ]),
    ...(cache.kind === 'redis-ha'
      ? []
      : [{ path: ['cache', 'kind'], message: `is ${cache.kind}; ${why} sessions through Redis, expected redis-ha` }]),
  ]
}

/** A model that is not there would be refused to everybody, and roles without a claim would be found nowhere. */
function tokenFaults({ auth: { gateway }, models }: Config): readonly Fault[] {
  if (gateway.mode !== 'custom-jwt') return []
  const names = models.map(({ name }) => name)
  const lone = (key: string, other: string) => ({
    path: ['auth', 'gateway', key],
    message: `says nothing without ${other}`,
  })
  return [
    ...(gateway.models ?? []).flatMap((name, index) =>
      names.includes(name) ? [] : [{ path: ['auth', 'gateway', 'models', index], message: unknownModel(name, names) }],
    ),
    ...(gateway.allowedRoles !== undefined && gateway.rolesClaim === undefined
      ? [lone('allowedRoles', 'rolesClaim')]
      : []),
    ...(gateway.rolesClaim !== undefined && gateway.allowedRoles === undefined
      ? [lone('rolesClaim', 'allowedRoles')]
      : []),
  ]
}

/** Guardrails without a rule would stop nothing, and the module would not start. */
function ruleFaults({ guardrails }: Config): readonly Fault[] {
  if (guardrails.kind === 'none') return []
  const { words, prefixes, patterns, message } = guardrails
  if (words.length + prefixes.length + patterns.length === 0) {
    return [{ path: ['guardrails'], message: 'has no rule: name words, prefixes or patterns, or set kind to none' }]
  }
  const found = [...words, ...prefixes].find((one) => message.toLowerCase().includes(one.toLowerCase()))
  // Filtered answers would hold what they are filtered for.
  return found === undefined
    ? []
    : [{ path: ['guardrails', 'message'], message: `holds "${showText(found)}", which the rules forbid` }]
}

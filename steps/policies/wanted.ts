import type { Config } from '../../src/config/schema.ts'
import type { Enforcement } from '../../src/config/sections/policies.ts'
import type { KubeObject, ObjectRef, Services } from '../../src/ports/index.ts'
import { asObject } from '../desired.ts'
import { policySettings } from '../gatekeeper/settings.ts'
import { namespaceNames } from '../names.ts'
import { ownLabels } from '../ownership.ts'
import { CONSTRAINTS_API, type Policy, TEMPLATE } from './catalog.ts'

/** All that is needed to write down what is wanted: no cluster. */
export type Paper = Pick<Services, 'config' | 'assets'>

/** Address of a policy's template: named after its kind, as Gatekeeper demands. */
export const templateRef = ({ kind }: Policy): ObjectRef => ({ ...TEMPLATE, name: kind.toLowerCase() })

/** Address of the CRD that Gatekeeper makes from the template. */
export const crdRef = ({ kind }: Policy): ObjectRef => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name: `${kind.toLowerCase()}.constraints.gatekeeper.sh`,
})

/** Address of a policy's constraint. */
export const constraintRef = ({ kind, name }: Policy): ObjectRef => ({
  apiVersion: CONSTRAINTS_API,
  kind,
  name: `llmgw-${name}`,
})

/** A policy's template as it has to be. */
export async function wantedTemplate(ctx: Paper, policy: Policy): Promise<KubeObject> {
  return await owned(ctx, policy.template)
}

/**
 * A policy's constraint as it has to be.
 * @param live what is there: where the configuration does not say what to do about violations, it stays as it is
 */
export async function wantedConstraint(ctx: Paper, policy: Policy, live: KubeObject | undefined): Promise<KubeObject> {
  const base = await owned(ctx, policy.constraint)
  const { match, parameters } = base.spec as { match: object; parameters: Parameters }
  return {
    ...base,
    spec: {
      enforcementAction: configuredEnforcement(ctx.config, policy) ?? enforcementOf(live) ?? 'dryrun',
      match: { ...match, ...scope(ctx.config) },
      parameters: {
        ...parameters,
        ...configuredParameters(ctx.config, policy),
        exemptions: [...ownExemptions(ctx.config, parameters), ...configuredExemptions(ctx.config, policy)],
      },
    },
  }
}

async function owned(ctx: Paper, file: string): Promise<KubeObject> {
  const [document] = await ctx.assets.documents(file)
  const base = asObject(document, file)
  return { ...base, metadata: { ...base.metadata, labels: ownLabels(ctx) } }
}

/** What the configuration says about violations; undefined where it leaves that to `policy enforce`. */
export function configuredEnforcement(config: Config, { name }: Policy): Enforcement | undefined {
  const { enforcement, overrides } = policySettings(config)
  const own = overrides[name]
  return own === 'off' ? undefined : (own ?? enforcement)
}

/** What a constraint does about violations; Gatekeeper's own default is to deny. */
export function enforcementOf(constraint: KubeObject | undefined): Enforcement | undefined {
  if (constraint === undefined) return undefined
  return ((constraint.spec as { enforcementAction?: Enforcement } | undefined)?.enforcementAction ??
    'deny') as Enforcement
}

function scope(config: Config): object {
  const { exemptNamespaces, scope: reach } = policySettings(config)
  const left = [...exemptNamespaces, config.namespaces.policy]
  if (reach === 'cluster') return { excludedNamespaces: left }
  return { namespaces: namespaceNames(config).filter((name) => !left.includes(name)) }
}

interface Exemption {
  readonly namespaces?: readonly string[] | undefined
  readonly reason: string
}

interface Parameters {
  readonly exemptions: readonly Exemption[]
  readonly limits?: readonly string[]
}

/** What the platform itself cannot do otherwise; the file names roles of namespaces. */
function ownExemptions({ namespaces }: Config, { exemptions }: Parameters): readonly Exemption[] {
  return exemptions.map((one) => ({
    ...one,
    ...(one.namespaces && {
      namespaces: one.namespaces.map((role) => namespaces[role as keyof Config['namespaces']]),
    }),
  }))
}

function configuredExemptions(config: Config, { name }: Policy): readonly Exemption[] {
  return policySettings(config)
    .exemptions.filter(({ policies }) => policies === undefined || policies.includes(name))
    .map(({ policies: _policies, ...exemption }) => exemption)
}

function configuredParameters(config: Config, { name }: Policy): object {
  const { allowedRegistries, requiredLabels, requireCpuLimits } = policySettings(config)
  if (name === 'allowed-registries') return { registries: allowedRegistries }
  if (name === 'required-labels') return { labels: requiredLabels }
  if (name === 'container-resources' && requireCpuLimits) return { limits: ['cpu', 'memory'] }
  return {}
}

import { PreflightError } from '../src/errors.ts'
import type { Services, Tags } from '../src/ports/index.ts'

const DEPLOYMENT = 'llmgw.dev/deployment'

/** Labels of every Kubernetes object that a step makes. */
export function ownLabels({ config }: Pick<Services, 'config'>): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/managed-by': 'llmgw', [DEPLOYMENT]: config.deployment }
}

/** Tags of every AWS resource that a step makes. */
export function ownTags({ config }: Pick<Services, 'config'>): Tags {
  return { [DEPLOYMENT]: config.deployment }
}

/** Deployment that labels or tags name; undefined = nobody's. */
export function ownerOf(marks: Readonly<Record<string, string>> | undefined): string | undefined {
  return marks?.[DEPLOYMENT]
}

/**
 * Whether `target` (kind and name) is ours already, or nobody's and to be adopted.
 * @throws PreflightError ForeignOwner for another deployment's, NotOwned for nobody's without `--adopt`
 */
export function claim(
  { config, options }: Pick<Services, 'config' | 'options'>,
  target: string,
  owner: string | undefined,
): 'ours' | 'adopt' {
  if (owner === config.deployment) return 'ours'
  if (owner !== undefined) throw foreignOwner(config.deployment, target, owner)
  if (options.adopt) return 'adopt'
  throw new PreflightError('NotOwned', `${target} exists, but no deployment is marked as its owner`, {
    hint: 'take it over with --adopt, or choose another name in llmgw.yaml',
  })
}

/** The refusal to touch what another deployment owns. */
export function foreignOwner(deployment: string, target: string, owner: string): PreflightError {
  return new PreflightError('ForeignOwner', `${target} belongs to deployment "${owner}", this is "${deployment}"`, {
    hint: 'choose another name in llmgw.yaml, or remove it with the deployment that owns it',
  })
}

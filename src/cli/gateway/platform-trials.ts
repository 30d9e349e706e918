import { checksOf, runChecks } from '../run/checks.ts'
import type { Session } from '../run/session.ts'
import type { Trial } from './trial.ts'

/** Checks of verify that tell how the platform is secured: roles, secrets, networks, policies, certificates. */
export const SECURITY: ReadonlySet<string> = new Set([
  'role-gateway',
  'role-external-secrets',
  'role-taken-gateway',
  'role-taken-external-secrets',
  'secrets',
  'external-secrets-synced',
  'secret-values',
  'secret-versions-litellm',
  'open-webui-key',
  'open-webui-login',
  'network-policies',
  'gatekeeper-webhook',
  'policy-constraints',
  'certificates',
  'redis-certificate',
])

/** The same checks as verify's: nothing is called secure that was not looked at. */
export async function platformTrials(session: Session): Promise<readonly Trial[]> {
  const components = new Set(session.graph.order.map(({ component }) => component))
  const checks = checksOf(session, components).filter(({ id }) => SECURITY.has(id))
  const results = await runChecks(session, checks)
  return results.map(({ title, result, found }) => ({ group: 'platform', title, result, found }))
}

import { expect, test } from 'vitest'
import type { Seen } from './recording-proxy.ts'
import { LOCK, stepOf, WHOLE_RUN } from './step-of-call.ts'

const call = (operation: string, userAgent: string, body = ''): Seen => ({
  method: operation.split(' ')[0] ?? '',
  path: operation.split(' ')[1] ?? '/',
  operation,
  userAgent,
  authorization: '',
  body,
  write: false,
  at: 0,
})

test.each([
  ['GET /version', 'helm/4', '', WHOLE_RUN],
  ['PATCH /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/llmgw-llmgw', 'llmgw', '', LOCK],
  ['POST /api/v1/namespaces/litellm/secrets', 'Helm/4', 'sh.helm.release.v1.redis.v1', 'redis'],
  ['POST /api/v1/namespaces/litellm/secrets', 'Helm/4', 'sh.helm.release.v1.litellm.v1', 'litellm'],
  ['PATCH /apis/networking.k8s.io/v1/namespaces/litellm/networkpolicies/llmgw-redis', 'llmgw', '', 'network-policies'],
  ['PATCH /api/v1/namespaces/litellm', 'llmgw', '', 'namespaces'],
  ['PutRolePolicy', 'llmgw', 'RoleName=llmgw-sandbox-external-secrets', 'irsa-external-secrets'],
  ['PutRolePolicy', 'llmgw', 'RoleName=llmgw-sandbox-gateway', 'irsa-gateway'],
  ['CreateSecret', 'llmgw', '{"Name":"litellm/salt-key"}', 'secrets'],
  ['GetCallerIdentity', 'llmgw', '', WHOLE_RUN],
])('%s by %s (%s) belongs to %s', (operation, userAgent, body, step) => {
  expect(stepOf(call(operation, userAgent, body))).toBe(step)
})

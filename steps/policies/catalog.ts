import type { PolicyName } from '../../src/config/sections/policies.ts'

/** One policy: its name, its kind of constraint, and its files. */
export interface Policy {
  readonly name: PolicyName
  readonly kind: string
  readonly template: string
  readonly constraint: string
  /** CRD of the kind that it is about, where that is none of Kubernetes' own; without it there is nothing to ask. */
  readonly about?: string
}

/** All policies, in the order in which lists show them. */
export const POLICIES: readonly Policy[] = [
  {
    name: 'allowed-registries',
    kind: 'LlmgwAllowedRegistries',
    template: 'manifests/policies/allowed-registries/template.yaml',
    constraint: 'manifests/policies/allowed-registries/constraint.yaml',
  },
  {
    name: 'no-latest-tag',
    kind: 'LlmgwNoLatestTag',
    template: 'manifests/policies/no-latest-tag/template.yaml',
    constraint: 'manifests/policies/no-latest-tag/constraint.yaml',
  },
  {
    name: 'required-labels',
    kind: 'LlmgwRequiredLabels',
    template: 'manifests/policies/required-labels/template.yaml',
    constraint: 'manifests/policies/required-labels/constraint.yaml',
  },
  {
    name: 'container-resources',
    kind: 'LlmgwContainerResources',
    template: 'manifests/policies/container-resources/template.yaml',
    constraint: 'manifests/policies/container-resources/constraint.yaml',
  },
  {
    name: 'probes',
    kind: 'LlmgwProbes',
    template: 'manifests/policies/probes/template.yaml',
    constraint: 'manifests/policies/probes/constraint.yaml',
  },
  {
    name: 'security-context',
    kind: 'LlmgwSecurityContext',
    template: 'manifests/policies/security-context/template.yaml',
    constraint: 'manifests/policies/security-context/constraint.yaml',
  },
  {
    name: 'read-only-root-filesystem',
    kind: 'LlmgwReadOnlyRootFilesystem',
    template: 'manifests/policies/read-only-root-filesystem/template.yaml',
    constraint: 'manifests/policies/read-only-root-filesystem/constraint.yaml',
  },
  {
    name: 'mcp-server-authentication',
    kind: 'LlmgwMcpServerAuthentication',
    template: 'manifests/policies/mcp-server-authentication/template.yaml',
    constraint: 'manifests/policies/mcp-server-authentication/constraint.yaml',
    about: 'mcpservers.mcp.litellm.ai',
  },
]

/** Group of the CRDs that Gatekeeper makes from templates. */
export const CONSTRAINTS = 'constraints.gatekeeper.sh'
export const CONSTRAINTS_API = `${CONSTRAINTS}/v1beta1`
export const TEMPLATE = { apiVersion: 'templates.gatekeeper.sh/v1', kind: 'ConstraintTemplate' } as const

import { iamRole } from './iam-role.ts'

/** The role with which External Secrets reads Secrets Manager. */
export const irsaExternalSecrets = iamRole({
  id: 'irsa-external-secrets',
  title: 'Create the IAM role of External Secrets',
  kind: 'externalSecrets',
  description: 'Lets External Secrets read the secrets that the LLM gateway refers to',
})

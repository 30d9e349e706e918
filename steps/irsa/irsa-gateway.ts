import { iamRole } from './iam-role.ts'

/** The role with which LiteLLM calls Bedrock. */
export const irsaGateway = iamRole({
  id: 'irsa-gateway',
  title: 'Create the IAM role of the gateway',
  kind: 'gateway',
  description: 'Lets the LLM gateway invoke the configured Bedrock models',
})

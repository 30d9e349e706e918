import type { IAMClient } from '@aws-sdk/client-iam'
import type { Caller } from './call.ts'

type Sdk = typeof import('@aws-sdk/client-iam')

/** What each method is built from. */
export interface IamSession {
  readonly load: () => Promise<{ readonly sdk: Sdk; readonly client: IAMClient }>
  readonly call: Caller
}

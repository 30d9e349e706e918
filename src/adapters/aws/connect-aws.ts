import type { Eks, Iam, SecretsManager, Sts } from '../../ports/index.ts'
import { followDelays } from '../delays.ts'
import { withBundles } from './bundle/bundled-secrets.ts'
import { createCaller } from './call.ts'
import {
  type AwsConnectionOptions,
  type CredentialSource,
  clientSettings,
  credentialSource,
  iamRegion,
} from './connection.ts'
import { createEks } from './eks.ts'
import { createIam } from './iam.ts'
import { createSecretsManager } from './secrets-manager.ts'
import { createSts } from './sts.ts'

export interface AwsConnection {
  readonly iam: Iam
  readonly secretsManager: SecretsManager
  readonly eks: Eks
  readonly sts: Sts
  /** For what signs by itself: the EKS token. */
  readonly credentials: CredentialSource
  /** When the credentials end, in ms since the epoch; undefined = never, as far as they say. @throws PreflightError AwsNoCredentials, AwsExpired */
  credentialsEnd(signal?: AbortSignal): Promise<number | undefined>
}

/** The AWS adapters. Nothing is loaded, read or sent before the first call. */
export function connectAws(options: AwsConnectionOptions): AwsConnection {
  const credentials = credentialSource(options)
  const follow = followDelays(options.onDelay ?? (() => undefined))
  const call = createCaller(options, { deadlineMs: options.deadlineMs, follow })
  const settings = () => clientSettings(options, credentials)
  return {
    iam: createIam(() => clientSettings(options, credentials, iamRegion(options.region)), call),
    secretsManager: withBundles(createSecretsManager(settings, call)),
    eks: createEks(settings, call),
    sts: createSts(settings, call),
    credentials,
    async credentialsEnd(signal) {
      const about = { service: 'sts', operation: 'credentials', object: 'the caller' }
      return (await call(about, signal, credentials)).expiration?.getTime()
    },
  }
}

import { createAssets, packageRoot } from '../../src/cli/assets.ts'
import { systemClock } from '../../src/cli/system-clock.ts'
import { checkSteps } from '../../src/cli/validate/steps.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Tree } from '../../src/config/merge.ts'
import type { Config } from '../../src/config/schema.ts'
import type { ReleaseSpec } from '../../src/ports/index.ts'

/** Configurations that together set every value that we can set. */
export const CONFIGURATIONS: Readonly<Record<string, Tree>> = {
  platform: { preset: 'platform' },
  lean: { preset: 'lean' },
  'one Redis server': { cache: { kind: 'redis-ha', replicas: 1, storage: '1Gi', memory: '256Mi' } },
  'Redis with TLS': { cache: { tls: { secretName: 'redis-tls' } } },
  'local accounts': { auth: { ui: 'local' } },
  'rules about words': { guardrails: { kind: 'rules', words: ['forbidden'] } },
  'tokens, checked by our own module': {
    auth: {
      gateway: {
        mode: 'custom-jwt',
        issuer: 'https://id.example.com',
        audience: 'gateway',
        jwksUrl: 'https://id.example.com/keys',
      },
    },
  },
}

/** A configuration made of these values and the preset's. */
export async function configurationOf(values: Tree): Promise<Config> {
  const place = { aws: { region: 'us-east-1', accountId: '123456789012' }, cluster: { name: 'charts' } }
  const builtIn = { name: 'chart facts', values: { ...place, ...values }, facts: {} }
  return (await loadConfig({ cwd: '/', env: {}, builtIn })).config
}

/** The Helm releases that a configuration wants. @throws Error when a step cannot tell */
export async function releasesOf(config: Config): Promise<readonly ReleaseSpec[]> {
  const assets = createAssets(packageRoot())
  const { releases, findings } = await checkSteps(config, { assets, clock: systemClock })
  if (findings.length > 0) throw new Error(findings.map(({ file, message }) => `${file}: ${message}`).join('\n'))
  return releases
}

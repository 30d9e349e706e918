import type { Config } from '../../src/config/schema.ts'
import type { ObjectRef } from '../../src/ports/index.ts'
import { targetOf } from '../desired.ts'
import { versionIn } from '../secret-versions.ts'
import { currentVersion, describeSecrets } from '../secrets/logical-secret.ts'
import { type Check, verdict } from './check.ts'

/** A workload whose pods are started with values of secrets. */
interface Holder extends Pick<Check, 'id' | 'component'> {
  readonly workload: (config: Config) => ObjectRef
  /** Logical names of what its pods hold. */
  readonly secrets: (config: Config) => readonly string[]
  readonly off?: (config: Config) => boolean
}

/** A pod keeps the value that it was started with: Secrets in the environment are read once. */
export function versionsRun({ id, component, workload, secrets, off }: Holder): Check {
  return {
    id,
    component,
    title: `Pods of ${component} were started with the current version of each secret`,
    async run(ctx) {
      if (off?.(ctx.config)) return { result: 'skip', lookedAt: 'the configuration', found: 'not configured' }
      const ref = workload(ctx.config)
      const lookedAt = `${ref.kind} ${ref.namespace}/${ref.name}, AWS Secrets Manager`
      const hint = `llmgw deploy ${component}`
      const [live, described] = await Promise.all([ctx.kube.find(ref, ctx.signal), describeSecrets(ctx)])
      if (live === undefined) return verdict(lookedAt, [`${targetOf(ref)} is not there`], { good: '', hint })
      const held = secrets(ctx.config)
      const wrong = described.flatMap(({ name, meta }) => {
        const [started, current] = [versionIn(live, name), meta && currentVersion(meta)]
        if (!held.includes(name) || started === current) return []
        return [`${name} is version ${started ?? 'unknown'}, AWS has ${current ?? 'none'}`]
      })
      return verdict(lookedAt, wrong, { good: `${held.length} secrets, each in its current version`, hint })
    },
  }
}

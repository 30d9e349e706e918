import { refOf } from '../desired.ts'
import { storeRef } from '../external-secrets/store-object.ts'
import { syncedObjects } from '../external-secrets/synced-objects.ts'
import { isPending, lacksValue } from '../secrets/examine.ts'
import { describeSecrets } from '../secrets/logical-secret.ts'
import { type Check, verdict } from './check.ts'
import { readinessWords } from './health.ts'
import { copyFault } from './synced-copies.ts'

/** Every logical secret has a current value in Secrets Manager. */
export const secretsExist: Check = {
  id: 'secrets',
  component: 'secrets',
  title: 'Every secret has a current value in AWS Secrets Manager',
  async run(ctx) {
    const all = await describeSecrets(ctx)
    const wrong = all.flatMap((secret) => {
      if (isPending(secret)) return [`${secret.remote} is scheduled for deletion`]
      return lacksValue(secret) ? [`${secret.remote} ${secret.meta ? 'has no value' : 'is not there'}`] : []
    })
    const lookedAt = all.map(({ remote }) => remote).join(', ')
    return verdict(lookedAt, wrong, { good: `${all.length} with a current version`, hint: 'llmgw deploy secrets' })
  },
}

/** The operator got credentials of its role. */
export const storeValid: Check = {
  id: 'secret-store',
  component: 'external-secrets',
  title: 'Store is valid: the operator can take on its role',
  async run(ctx) {
    const wrong = readinessWords(await ctx.readiness.look([storeRef(ctx)], ctx.signal))
    const hint = 'llmgw deploy external-secrets'
    return verdict(`ClusterSecretStore ${ctx.config.secrets.storeName}`, wrong, { good: 'valid', hint })
  },
}

/** Every ExternalSecret is synced. */
export const secretsSynced: Check = {
  id: 'external-secrets-synced',
  component: 'external-secrets',
  title: 'ExternalSecrets are synced',
  async run(ctx) {
    const refs = (await syncedObjects(ctx)).map(refOf)
    const wrong = readinessWords(await ctx.readiness.look(refs, ctx.signal))
    const lookedAt = refs.map(({ name, namespace }) => `ExternalSecret ${namespace}/${name}`).join(', ')
    return verdict(lookedAt, wrong, { good: `${refs.length} synced`, hint: 'llmgw deploy external-secrets' })
  },
}

/** What pods read is what Secrets Manager holds now; compared in memory, told without a value. */
export const copiesMatch: Check = {
  id: 'secret-values',
  component: 'external-secrets',
  title: 'Kubernetes Secrets hold what AWS Secrets Manager holds',
  async run(ctx) {
    const objects = await syncedObjects(ctx)
    const wrong = (await Promise.all(objects.map((object) => copyFault(ctx, object)))).flat()
    const lookedAt = objects.map(({ metadata }) => `Secret ${metadata.namespace}/${metadata.name}`).join(', ')
    return verdict(lookedAt, wrong, { good: 'every key equal', hint: 'llmgw deploy external-secrets' })
  },
}

import { PreflightError } from '../../src/errors.ts'
import type { Services } from '../../src/ports/index.ts'
import { Secret } from '../../src/secret.ts'
import type { LogicalSecret, SecretItem } from './logical-secret.ts'

/** What is wrong with a value of this secret, without telling it; undefined when nothing is. */
export function faultOf(item: SecretItem, value: string): string | undefined {
  if (value === '') return 'is empty'
  if (value !== value.trim()) return 'starts or ends with white space'
  if (item.minLength !== undefined && value.length < item.minLength)
    return `has fewer than ${item.minLength} characters`
  if (item.format === 'url' && !URL.canParse(value)) return 'is not a URL'
  if (item.format === 'hex' && !/^[0-9a-f]+$/i.test(value)) return 'is not hexadecimal'
  if (item.format === 'sk-hex' && !value.startsWith('sk-')) return 'does not start with sk-'
  return undefined
}

/**
 * The first value of each secret that has none, by logical name: made here, or given by the user.
 * @throws PreflightError ProvidedSecretMissing or ProvidedSecretInvalid, naming all at once
 */
export function firstValues(ctx: Services, lacking: readonly LogicalSecret[]): ReadonlyMap<string, Secret> {
  const provided = lacking.filter(({ item }) => item.class === 'provided')
  const absent = provided.filter(({ name }) => ctx.provided.find(name) === undefined)
  if (absent.length > 0) throw missingProvided(absent)
  const values = new Map(
    lacking.map((secret) => [secret.name, ctx.provided.find(secret.name) ?? generate(ctx, secret)]),
  )
  const faults = lacking.flatMap(({ name, item }) => {
    const fault = faultOf(item, values.get(name)?.reveal() ?? '')
    return fault === undefined ? [] : [`${name} ${fault}`]
  })
  if (faults.length === 0) return values
  throw new PreflightError('ProvidedSecretInvalid', `wrong values of provided secrets: ${faults.join('; ')}`, {
    hint: 'correct them where you gave them, then run again',
  })
}

/** A random value in the format of a secret. */
export function generate({ random }: Pick<Services, 'random'>, { item }: Pick<LogicalSecret, 'item'>): Secret {
  const digits = random.hex(item.bytes)
  return new Secret(item.format === 'sk-hex' ? `sk-${digits}` : digits)
}

function missingProvided(absent: readonly LogicalSecret[]): PreflightError {
  const list = absent.map(({ name, item }) => (item.description === '' ? name : `${name} (${item.description})`))
  return new PreflightError('ProvidedSecretMissing', `no value for provided secrets: ${list.join(', ')}`, {
    hint: `give ${absent.map(({ name }) => variableOf(name)).join(', ')} in the environment, or --secrets-file FILE with lines NAME=value`,
  })
}

/** Environment variable that gives a provided secret, e.g. `LLMGW_SECRET_LITELLM_DATABASE_URL`. */
export function variableOf(logicalName: string): string {
  return `LLMGW_SECRET_${logicalName.toUpperCase().replaceAll('-', '_')}`
}

import { readFile } from 'node:fs/promises'
import { packageFile } from '../package-root.ts'

const SECRET = 'litellm/database-url'

interface Seed {
  readonly secrets: readonly { readonly name: string; readonly value: string }[]
}

/** Address of the sandbox's PostgreSQL, which AWS Secrets Manager is seeded with: `postgresql://user:password@host:5432/name`. */
export async function databaseUrl(): Promise<string> {
  const { secrets } = JSON.parse(await readFile(packageFile('sandbox', 'aws', 'seed.json'), 'utf8')) as Seed
  const found = secrets.find(({ name }) => name === SECRET)
  if (found === undefined) throw new Error(`the seed has no ${SECRET}`)
  return found.value
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a platform needs of its user, in a file for `--secrets-file`. @returns its path */
export async function secretsFile(dir: string): Promise<string> {
  const file = join(dir, 'provided.env')
  await writeFile(
    file,
    [
      'litellm-database-url=postgresql://litellm:planted-password@db.invalid:5432/litellm',
      'oidc-client-id=planted-client',
      'oidc-client-secret=planted-client-secret',
      'oidc-provider-url=https://login.invalid/.well-known/openid-configuration',
      '',
    ].join('\n'),
    { mode: 0o600 },
  )
  return file
}

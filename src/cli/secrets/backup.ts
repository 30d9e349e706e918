import * as z from 'zod'
import { PreflightError } from '../../errors.ts'

/** What `llmgw secrets export` encrypts. */
const backup = z.object({
  kind: z.literal('llmgw/secrets'),
  version: z.literal(1),
  deployment: z.string(),
  accountId: z.string(),
  region: z.string(),
  createdAt: z.string(),
  secrets: z.record(z.string(), z.object({ remote: z.string(), versionId: z.string(), value: z.string() })),
})

export type Backup = z.infer<typeof backup>

/** @throws PreflightError BackupInvalid, which tells nothing of what is in it */
export function parseBackup(text: string): Backup {
  try {
    return backup.parse(JSON.parse(text))
  } catch {
    throw new PreflightError('BackupInvalid', 'what was decrypted is no export of llmgw', {
      hint: 'name the file that llmgw secrets export wrote',
    })
  }
}

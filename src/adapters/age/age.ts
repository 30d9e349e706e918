import { PreflightError, UsageError } from '../../errors.ts'
import { Secret } from '../../secret.ts'

/**
 * Encrypts to age recipients (`age1…`), armored. Source: https://age-encryption.org/v1
 * @throws UsageError RecipientInvalid
 */
export async function encryptTo(recipients: readonly string[], text: Secret): Promise<string> {
  const { armor, Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient)
    } catch (error) {
      throw new UsageError('RecipientInvalid', `"${recipient.slice(0, 80)}" is no age recipient, expected age1…`, {
        cause: error,
        hint: 'make a pair with: age-keygen -o key.txt   (the recipient is the public key)',
      })
    }
  }
  return armor.encode(await encrypter.encrypt(text.reveal()))
}

/**
 * Decrypts what one of these identities (`AGE-SECRET-KEY-1…`) may read.
 * @throws UsageError IdentityInvalid, PreflightError NotDecrypted
 */
export async function decryptWith(identities: readonly Secret[], armored: string): Promise<Secret> {
  const { armor, Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  for (const identity of identities) {
    try {
      decrypter.addIdentity(identity.reveal())
    } catch {
      throw new UsageError('IdentityInvalid', 'a line is no age identity, expected AGE-SECRET-KEY-1…', {
        hint: 'name the file that age-keygen wrote',
      })
    }
  }
  try {
    return new Secret(await decrypter.decrypt(armor.decode(armored), 'text'))
  } catch (error) {
    throw new PreflightError('NotDecrypted', 'the file cannot be decrypted with this identity', {
      cause: error instanceof Error ? error.message : error,
      hint: 'compare the identity with the recipient that the export was made for: age-keygen -y key.txt',
    })
  }
}

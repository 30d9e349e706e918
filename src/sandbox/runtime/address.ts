import { createHash } from 'node:crypto'

/** Address of a Pod: a label that only the Pod itself answers to, outside the range that kwok draws from; the same for the same Pod. */
export function podAddress(uid: string): string {
  const [high = 0, low = 0] = createHash('sha256').update(uid).digest()
  return `10.98.${high}.${1 + (low % 254)}`
}

import type { Services } from '../../src/ports/index.ts'
import { ownLabels } from '../ownership.ts'

/** Label selector of the objects that carry our mark. */
export function ownSelector(ctx: Pick<Services, 'config'>): string {
  return Object.entries(ownLabels(ctx))
    .map(([label, value]) => `${label}=${value}`)
    .join(',')
}

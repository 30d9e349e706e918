import { isBag } from '../../ports/managed-fields.ts'
import { quantityOf } from '../../ports/quantity.ts'

function amount(value: unknown): number | undefined {
  return typeof value === 'string' || typeof value === 'number' ? quantityOf(String(value)) : undefined
}

/** What the API server leaves out when it stores an object. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false || value === 0) return true
  if (Array.isArray(value)) return value.length === 0
  return isBag(value) && Object.keys(value).length === 0
}

/** Whether the API server stores `recorded` as `live`: quantities and empty values have several spellings. */
export function sameValue(recorded: unknown, live: unknown): boolean {
  if (recorded === live || (isEmpty(recorded) && isEmpty(live))) return true
  if (isBag(recorded) && isBag(live)) return Object.entries(recorded).every(([key, item]) => sameValue(item, live[key]))
  const [a, b] = [amount(recorded), amount(live)]
  if (a !== undefined && b !== undefined) return Math.abs(a - b) <= Number.EPSILON * Math.abs(a)
  return !(isBag(recorded) || isBag(live)) && String(recorded) === String(live)
}

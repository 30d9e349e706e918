import { isBag } from './owned-fields.ts'

const QUANTITY = /^([+-]?\d+(?:\.\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/
const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

function amount(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const match = QUANTITY.exec(String(value))
  return match === null ? undefined : Number(match[1]) * (FACTORS[match[2] ?? ''] ?? 1)
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

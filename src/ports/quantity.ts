/** Powers of 1000 and 1024. Source: Kubernetes API reference, Quantity. */
const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
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

/** The number that a Kubernetes quantity stands for, e.g. 0.25 for `250m`; undefined for any other text. */
export function quantityOf(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^([+-]?\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text) ?? []
  const factor = FACTORS[unit]
  return digits === '' || factor === undefined ? undefined : Number(digits) * factor
}

/** Bytes of a Kubernetes quantity such as `512Mi`. */
export const bytesOf = (quantity: string): number => amountOf(quantity)

/** Cores of a CPU quantity such as `250m`. */
export const coresOf = (quantity: string): number => amountOf(quantity)

function amountOf(quantity: string): number {
  const amount = quantityOf(quantity)
  if (amount === undefined) throw new Error(`"${quantity}" is no Kubernetes quantity`)
  return amount
}

/** Powers of 1000 and 1024. Source: Kubernetes API reference, Quantity. */
const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** Bytes of a Kubernetes quantity such as `512Mi`. */
export function bytesOf(quantity: string): number {
  const [, digits = '', unit = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(quantity) ?? []
  const factor = FACTORS[unit]
  if (digits === '' || factor === undefined) throw new Error(`"${quantity}" is no Kubernetes quantity`)
  return Number(digits) * factor
}

type Labels = Readonly<Record<string, string>>

interface Expression {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** A label selector, as Kubernetes objects carry it. */
export interface LabelSelector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly Expression[]
}

/** Whether a selector picks what has these labels: an empty one picks everything, an absent one nothing. Source: Kubernetes API reference, LabelSelector. */
export function selects(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (selector === undefined) return false
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((expression) => holds(expression, labels))
  )
}

function holds({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  const value = labels[key]
  if (operator === 'Exists') return value !== undefined
  if (operator === 'DoesNotExist') return value === undefined
  const isIn = value !== undefined && values.includes(value)
  return operator === 'In' ? isIn : !isIn
}

import type { KubeObject, ListQuery } from '../../../src/ports/kube.ts'

/** Whether an object of the right kind and namespace matches the query's selectors. */
export function matches(object: KubeObject, query: ListQuery): boolean {
  return (
    split(query.labelSelector).every((term) => matchesLabel(object.metadata.labels ?? {}, term)) &&
    split(query.fieldSelector).every((term) => matchesField(object, term))
  )
}

/** Splits at commas outside parentheses. */
function split(selector: string | undefined): string[] {
  return (selector ?? '')
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '')
}

function matchesLabel(labels: Readonly<Record<string, string>>, term: string): boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term)
  if (set) {
    const wanted = (set[3] ?? '').split(',').map((value) => value.trim())
    const found = labels[set[1] ?? '']
    const isIn = found !== undefined && wanted.includes(found)
    return set[2] === 'in' ? isIn : !isIn
  }
  const pair = /^([^=!]+)(==|=|!=)(.*)$/.exec(term)
  if (pair) return (labels[(pair[1] ?? '').trim()] === (pair[3] ?? '').trim()) === (pair[2] !== '!=')
  return term.startsWith('!') ? !(term.slice(1) in labels) : term in labels
}

function matchesField(object: KubeObject, term: string): boolean {
  const [, path = '', operator, wanted = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(term) ?? []
  const found = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object)
  return (String(found ?? '') === wanted) === (operator !== '!=')
}

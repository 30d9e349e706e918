type Labels = Readonly<Record<string, string>>

/** Weakest first. Source: Kubernetes documentation, Pod Security Standards. */
const LEVELS = ['privileged', 'baseline', 'restricted']
const PREFIX = 'pod-security.kubernetes.io/'

/** Pod Security labels of a namespace that several roles share: the weakest level of each mode. */
export function podSecurityLabels(roles: readonly Labels[]): Labels {
  const modes = ['enforce', 'warn', 'audit'].flatMap((mode) => {
    const wanted = roles.map((labels) => LEVELS.indexOf(labels[PREFIX + mode] ?? ''))
    const weakest = LEVELS[Math.min(...wanted)]
    return weakest === undefined ? [] : [[PREFIX + mode, weakest]]
  })
  return Object.fromEntries(modes)
}

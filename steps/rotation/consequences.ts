/** What a new value of a secret means to people, before they agree. */
export interface Consequence {
  readonly text: string
  /** Asked twice: it cannot be undone for those who are cut off. */
  readonly twice: boolean
}

const CONSEQUENCES: Readonly<Record<string, Consequence>> = {
  'litellm-master-key': {
    text: 'Everybody who uses the master key itself is cut off as soon as LiteLLM has restarted: scripts, other programs, the admin pages. Virtual keys go on working.',
    twice: true,
  },
  'redis-password': {
    text: 'Nobody is cut off: each Redis server takes both passwords until it restarts, after everything that uses the cache. While servers are replaced, cached answers may be missed for seconds, and are asked for anew.',
    twice: false,
  },
  'webui-secret-key': {
    text: 'Everybody is logged out of Open WebUI; tokens that it stored for its users are lost.',
    twice: false,
  },
  'litellm-database-url': {
    text: 'The URL before must work until the last pod of before has ended: change it in the database only so that both do.',
    twice: false,
  },
}

/** Read while a database is empty and never again: what keeps the password from then on. */
const READ_ONCE: Readonly<Record<string, string>> = {
  'grafana-admin-password': 'Grafana',
  'webui-admin-password': 'Open WebUI',
}

/** The program that read this secret at its first start and keeps its own copy; undefined where pods present what they are given. */
export const keptBy = (name: string): string | undefined =>
  Object.hasOwn(READ_ONCE, name) ? READ_ONCE[name] : undefined

/** What a new value of this secret means; undefined where only its consumers restart. */
export function consequenceOf(name: string): Consequence | undefined {
  const program = keptBy(name)
  if (program !== undefined)
    return { text: `${program} goes on with the password in its database: change it there to the same.`, twice: false }
  return Object.hasOwn(CONSEQUENCES, name) ? CONSEQUENCES[name] : undefined
}

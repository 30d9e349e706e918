/** What a program needs to run at all; nothing of the user's that it could leak or obey. */
const NEEDED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH'] as const

/** The environment of a long-running part: no tokens, proxies or settings of the shell that happened to start it. */
export function bareEnvironment(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(NEEDED.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])))
}

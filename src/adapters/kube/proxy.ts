import { isIP } from 'node:net'

export type Environment = Readonly<Record<string, string | undefined>>

/** Whether `host` is this machine: a proxy must never see such traffic. */
function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return (
    bare === 'localhost' ||
    bare.endsWith('.localhost') ||
    bare === '::1' ||
    (isIP(bare) === 4 && bare.startsWith('127.'))
  )
}

/** The proxy that the environment names for `url`, or undefined: `HTTPS_PROXY`, minus `NO_PROXY`, never for loopback. */
export function proxyFor(url: URL, environment: Environment): string | undefined {
  const proxy = environment.HTTPS_PROXY ?? environment.https_proxy
  if (url.protocol !== 'https:' || proxy === undefined || proxy === '' || isLoopback(url.hostname)) return undefined
  const exempt = (environment.NO_PROXY ?? environment.no_proxy ?? '').split(',').map((entry) => entry.trim())
  return exempt.some((entry) => covers(entry, url.hostname)) ? undefined : proxy
}

function covers(entry: string, host: string): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  const suffix = entry.replace(/^\*?\./, '').toLowerCase()
  return host.toLowerCase() === suffix || host.toLowerCase().endsWith(`.${suffix}`)
}

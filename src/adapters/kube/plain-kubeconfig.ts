import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'

/** Files beside the kubeconfig, or their contents in base64. */
const material = (name: string) => ({ [name]: z.string().optional(), [`${name}-data`]: z.string().optional() })

/** Only what is understood here: any other key (exec, auth-provider, impersonation…) makes the parse fail. */
const clusterEntry = z.strictObject({
  server: z.url(),
  ...material('certificate-authority'),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
  'proxy-url': z.string().optional(),
})
const userEntry = z.strictObject({
  ...material('client-certificate'),
  ...material('client-key'),
  token: z.string().optional(),
})
const kubeconfig = z.object({
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(z.object({ name: z.string(), cluster: z.unknown() })),
  users: z.array(z.object({ name: z.string(), user: z.unknown() })),
})

/** A context whose credentials are in the file itself. */
export interface PlainContext {
  readonly server: string
  readonly proxyUrl?: string
  readonly token?: string
  readonly tls: {
    readonly ca?: Buffer
    readonly cert?: Buffer
    readonly key?: Buffer
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
  }
}

/**
 * The context, when a certificate or token in the file is all there is to it; undefined for everything else, which the
 * Kubernetes client then reads or refuses in its own words. Loading that client costs more than a whole look.
 */
export async function plainContext(path: string, context: string): Promise<PlainContext | undefined> {
  try {
    const file = kubeconfig.parse(parse(await readFile(path, 'utf8')))
    const wanted = file.contexts.find(({ name }) => name === context)?.context
    const cluster = clusterEntry.parse(file.clusters.find(({ name }) => name === wanted?.cluster)?.cluster)
    const user = userEntry.parse(file.users.find(({ name }) => name === wanted?.user)?.user)
    const read = (entry: Readonly<Record<string, unknown>>, name: string) => contents(dirname(path), entry, name)
    const [ca, cert, key] = await Promise.all([
      read(cluster, 'certificate-authority'),
      read(user, 'client-certificate'),
      read(user, 'client-key'),
    ])
    const servername = cluster['tls-server-name']
    return {
      server: cluster.server,
      ...(cluster['proxy-url'] === undefined ? {} : { proxyUrl: cluster['proxy-url'] }),
      ...(user.token === undefined ? {} : { token: user.token }),
      tls: {
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
        ...(servername === undefined ? {} : { servername }),
        ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
      },
    }
  } catch {
    return undefined
  }
}

async function contents(
  folder: string,
  entry: Readonly<Record<string, unknown>>,
  name: string,
): Promise<Buffer | undefined> {
  const inline = entry[`${name}-data`]
  if (typeof inline === 'string') return Buffer.from(inline, 'base64')
  const file = entry[name]
  return typeof file === 'string' ? await readFile(resolve(folder, file)) : undefined
}

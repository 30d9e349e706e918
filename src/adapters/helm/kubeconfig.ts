import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Secret } from '../../secret.ts'
import { inOwnFolder } from '../own-folder.ts'
import { ownRunId, runState } from '../run-id.ts'

/** How to reach a cluster with a bearer token. */
export interface TokenConnection {
  readonly endpoint: string
  /** Base64 PEM bundle. */
  readonly certificateAuthority: string
  /** A token that holds for longer than {@link REFRESH_MS}; EKS accepts its own for 15 minutes. */
  readonly token: (signal?: AbortSignal) => Promise<Secret>
}

/** A kubeconfig for helm, whose token stays fresh until it is closed. */
export interface Kubeconfig {
  readonly path: string
  readonly context: string
  /** Stops the refresh and removes the files. */
  close(): Promise<void>
}

/** Well below the 15 minutes of an EKS token; clients read the file anew every minute. */
const REFRESH_MS = 600_000
const CONTEXT = 'llmgw'

const folderOf = (runDir: string): string => join(runDir, 'kubeconfig')

function contents(connection: TokenConnection, tokenFile: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': CONTEXT,
    clusters: [
      {
        name: CONTEXT,
        cluster: {
          server: connection.endpoint,
          'certificate-authority-data': connection.certificateAuthority,
        },
      },
    ],
    users: [{ name: CONTEXT, user: { tokenFile } }],
    contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: CONTEXT } }],
  })
}

/** Written beside and moved, so that helm never reads half of it. */
async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** Removes kubeconfigs that runs of this host, killed before they could, left behind. */
async function sweepKubeconfigs(runDir: string): Promise<void> {
  const runs = await readdir(folderOf(runDir)).catch(() => [])
  for (const run of runs) {
    if ((await runState(run)) === 'dead') await rm(join(folderOf(runDir), run), { recursive: true, force: true })
  }
}

/**
 * Writes a kubeconfig (0600) with a token file that is renewed in the background; sweeps leftovers first.
 * A renewal that fails is left to the next one: helm then reports the expired token itself.
 */
export async function writeKubeconfig(
  runDir: string,
  connection: TokenConnection,
  refreshMs = REFRESH_MS,
): Promise<Kubeconfig> {
  await sweepKubeconfigs(runDir)
  const folder = join(folderOf(runDir), await ownRunId())
  const path = join(folder, 'config')
  const tokenFile = join(folder, 'token')
  const token = await connection.token()
  await inOwnFolder(folder, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writePrivate(tokenFile, token.reveal())
    await writePrivate(path, contents(connection, tokenFile))
  })

  const stop = new AbortController()
  const refreshing = refresh(stop.signal, refreshMs, async () => {
    const token = await connection.token(stop.signal)
    if (!stop.signal.aborted) await writePrivate(tokenFile, token.reveal())
  })
  return {
    path,
    context: CONTEXT,
    async close() {
      stop.abort()
      await refreshing
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function refresh(signal: AbortSignal, everyMs: number, renew: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    // Does not keep the program alive.
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    if (!signal.aborted) await renew().catch(() => undefined)
  }
}

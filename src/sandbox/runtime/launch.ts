import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resolveEnvironment } from './environment.ts'
import { expand } from './expansion.ts'
import type { PodFacts } from './fields.ts'
import type { Container, Pod, Service } from './objects.ts'
import type { Program } from './programs.ts'
import type { Launch } from './shim.ts'
import { type Lookup, Missing } from './sources.ts'

export interface LaunchRequest {
  readonly pod: Pod
  readonly container: Container
  readonly program: Program
  readonly facts: PodFacts
  readonly lookup: Lookup
  readonly services: readonly Service[]
  /** Folder of each volume, by its name. */
  readonly volumes: ReadonlyMap<string, string>
  readonly log: string
  /** What the node adds where the Pod sets nothing itself. */
  readonly added: Readonly<Record<string, string>>
  readonly extraBinds: Launch['binds']
}

/**
 * What the spec says, resolved against the cluster as it is now: this is what a container runtime would be told.
 * @throws Missing when a kubelet could not create the container
 */
export async function launchOf(request: LaunchRequest): Promise<Launch> {
  const { container, pod, program, volumes, added } = request
  const own = await resolveEnvironment(request)
  const environment: Readonly<Record<string, string>> = {
    HOME: '/',
    HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
    ...(program.ownAddressOnly === true ? { POD_ADDRESS: request.facts.address } : {}),
    ...program.environment,
    ...added,
    ...own,
  }
  const lookup = (name: string) => own[name]
  const words = (list: readonly string[]) => list.map((word) => expand(word, lookup))
  const args = container.args ?? (container.command === undefined ? program.command : [])
  return {
    id: container.name,
    argv: [...words(container.command ?? program.entrypoint), ...words(args)],
    env: environment,
    cwd: container.workingDir ?? program.workingDir,
    user: userOf(pod, container, program),
    readOnlyRoot: container.securityContext?.readOnlyRootFilesystem === true,
    log: request.log,
    binds: [
      ...program.folders.map((folder) => [folder, folder, true] as const),
      // Before the mounts: one at the same path covers what the image has there.
      ...(program.files ?? []).map(([source, target]) => [source, target, true] as const),
      ...request.extraBinds,
      ...(await mounts(container, volumes, lookup)),
    ],
  }
}

function userOf(pod: Pod, container: Container, program: Program): readonly [number, number] {
  const context = { ...pod.spec.securityContext, ...container.securityContext }
  const uid = context.runAsUser ?? program.user
  if (context.runAsNonRoot === true && uid === 0) {
    throw new Missing('container has runAsNonRoot and image will run as root')
  }
  return [uid, context.runAsGroup ?? uid]
}

async function mounts(
  container: Container,
  volumes: ReadonlyMap<string, string>,
  lookup: (name: string) => string | undefined,
): Promise<Launch['binds']> {
  const binds = (container.volumeMounts ?? []).map(async (mount) => {
    const folder = volumes.get(mount.name)
    if (folder === undefined) throw new Missing(`volume ${mount.name} is not there`)
    const subPath = mount.subPathExpr === undefined ? mount.subPath : expand(mount.subPathExpr, lookup)
    const source = subPath === undefined ? folder : join(folder, subPath)
    // A kubelet makes a folder of what is not there; a projected file that is missing so becomes one.
    if ((await stat(source).catch(() => undefined)) === undefined) await mkdir(source, { recursive: true })
    return [source, mount.mountPath, mount.readOnly === true] as const
  })
  return await Promise.all(binds)
}

/** Writes the names that resolve in a Pod, into the file that is mounted there: in place, because a mount keeps its file. */
export async function writeHosts(file: string, lines: readonly string[]): Promise<void> {
  await writeFile(file, `${['127.0.0.1 localhost', ...lines].join('\n')}\n`)
}

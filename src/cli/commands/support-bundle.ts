import type { LoadedConfig } from '../../config/load.ts'
import { AbortedError } from '../../errors.ts'
import { DOCTOR_IDS, examine, IMAGES } from '../doctor/examine.ts'
import type { SupportFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { servicesOf, withSession } from '../run/session.ts'
import { listenForStop } from '../run/stop.ts'
import { type Bundle, createBundle, writeBundle } from '../support/bundle.ts'
import { gatherObjects, knowSecrets } from '../support/objects.ts'
import { addConfiguration, gatherReleases, gatherStates } from '../support/platform.ts'
import { VERSION } from '../version.ts'

const COMMAND = 'support-bundle'
const COULD_NOT_LOOK = 3

/** `llmgw support-bundle`: all that somebody needs to help, in one archive without secret values; changes nothing. @returns exit code */
export async function supportBundle(flags: SupportFlags, host: Host): Promise<number> {
  const at = new Date()
  const stop = listenForStop(host, (line) => void host.stderr.write(`${line}\n`))
  const bundle = createBundle(stop.signal)
  let deployment = 'llmgw'
  try {
    await bundle.gather('machine, account and cluster', async () => {
      const { config } = await gatherGround(bundle, { flags, host, signal: stop.signal })
      deployment = config.deployment
    })
  } finally {
    stop.dispose()
  }
  const connected = await gatherPlatform(bundle, flags, host)
  const folder = `llmgw-support-${deployment}-${at.toISOString().slice(0, 19).replaceAll(':', '')}Z`
  const file = flags.out ?? `${folder}.tar.gz`
  bundle.addText('README.txt', readme(bundle, at))
  const bytes = await writeBundle(bundle, { cwd: host.cwd, file, folder, at })
  tell(bundle, { flags, host, file, bytes })
  return connected ? 0 : COULD_NOT_LOOK
}

interface Surroundings {
  readonly flags: SupportFlags
  readonly host: Host
  readonly signal: AbortSignal
}

/** What can be had without a cluster: versions, configuration, and what doctor finds. */
async function gatherGround(bundle: Bundle, { flags, host, signal }: Surroundings): Promise<LoadedConfig> {
  const { node } = process.versions
  const versions = { llmgw: VERSION, node, platform: `${process.platform}-${process.arch}` }
  bundle.addJson('versions.json', versions)
  const onDelay = (line: string): void => void host.stderr.write(`${line}\n`)
  const world = await host.openWorld({ flags, host, signal, report: () => undefined, onDelay })
  try {
    addConfiguration(bundle, world.loaded)
    await bundle.gather('helm', async () => {
      const helm = await world.helmTool()
      bundle.addJson('versions.json', { ...versions, helm: helm.version })
    })
    await bundle.gather('doctor', async () => {
      const request = { command: COMMAND, flags: { ...flags, deep: false }, host }
      const { findings } = await examine(
        { world, env: host.env, signal },
        {
          wanted: new Set(DOCTOR_IDS.filter((id) => id !== IMAGES)),
          servicesOf: (guarded) => servicesOf(request, world, guarded),
        },
      )
      bundle.addJson('doctor.json', findings)
    })
    return world.loaded
  } finally {
    await world.close()
  }
}

/** Everything that is behind account and cluster; false where they could not be reached. */
async function gatherPlatform(bundle: Bundle, flags: SupportFlags, host: Host): Promise<boolean> {
  let known = false
  try {
    await withSession({ command: COMMAND, flags: { ...flags, deep: true }, host, readOnly: true }, async (session) => {
      // First of all: what is not known to be a secret cannot be taken out.
      await knowSecrets(session)
      known = true
      await gatherStates(bundle, session)
      await gatherReleases(bundle, session)
      await gatherObjects(bundle, session, flags.tail)
      return 0
    })
    return true
  } catch (error) {
    if (error instanceof AbortedError) throw error
    const what = known ? 'the rest of the platform' : 'the platform'
    await bundle.gather(what, () => Promise.reject(error))
    return false
  }
}

function readme({ files, lacking }: Bundle, at: Date): string {
  return [
    `Made by llmgw ${VERSION} at ${at.toISOString()}, for whoever is asked for help.`,
    '',
    'Values of Secrets are replaced by ***, wherever they occur: in objects, manifests, plans and logs. So is what looks like',
    'a key, a token or a password. Names of accounts, clusters, hosts, users and models are in it. Look through it before',
    'you send it.',
    '',
    ...(lacking.length === 0
      ? []
      : ['Could not be looked at:', ...lacking.map(({ what, why }) => `- ${what}: ${why}`), '']),
    'Files:',
    ...[...files.keys()].sort().map((path) => `- ${path}`),
    '',
  ].join('\n')
}

interface Written {
  readonly flags: SupportFlags
  readonly host: Host
  readonly file: string
  readonly bytes: number
}

function tell({ files, lacking }: Bundle, { flags, host, file, bytes }: Written): void {
  if (flags.output !== 'text') {
    host.stdout.write(`${JSON.stringify({ command: COMMAND, file, bytes, files: files.size, lacking })}\n`)
    return
  }
  const lines = [
    ...lacking.map(({ what, why }) => `could not look at ${what}: ${why}`),
    `${file}: ${files.size} files, ${Math.ceil(bytes / 1024)} KiB, for you alone (mode 0600)`,
    'secret values are masked; names of accounts, clusters and models are in it: look through it before you send it',
  ]
  host.stdout.write(`${lines.join('\n')}\n`)
}

import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Hooks } from '../../e2e/world/recording-proxy.ts'
import { throughProxies } from '../../e2e/world/through-proxies.ts'
import type { Stage, Way, World } from '../world.ts'

const faults = ({ connection }: Stage, entries: readonly object[]) =>
  writeFile(join(connection.dir, 'aws', 'faults.json'), JSON.stringify(entries))

const fault = (entry: object): Pick<World, 'make' | 'undo' | 'blind'> => ({
  make: (stage) => faults(stage, [entry]),
  undo: (stage) => faults(stage, []),
  blind: true,
})

const proxied =
  (hooks: () => Hooks) =>
  async (stage: Stage): Promise<Way> =>
    await throughProxies(stage.connection, { kube: hooks() }, stage.settings)

/** Answers until it has let through the first write to one of these paths. */
function goesDown(path: RegExp): Hooks {
  let down = false
  return {
    refuse: () => (down ? 503 : undefined),
    after: ({ path: at }) => {
      down ||= path.test(at)
    },
  }
}

async function chartForNewer(stage: Stage): Promise<Way> {
  const folder = await mkdtemp(join(tmpdir(), 'llmgw-newer-'))
  await cp(join(stage.connection.dir, 'charts'), folder, { recursive: true })
  const file = join(folder, 'redis-ha', 'Chart.yaml')
  await writeFile(file, stringify({ ...parse(await readFile(file, 'utf8')), kubeVersion: '>=1.99.0-0' }))
  const way = await throughProxies(
    stage.connection,
    {},
    { ...stage.settings, charts: { mirror: { kind: 'directory', path: folder } } },
  )
  return {
    ...way,
    close: async () => {
      await way.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A helm of long ago stands first on the PATH. */
async function oldHelm(stage: Stage): Promise<Way> {
  const folder = await mkdtemp(join(tmpdir(), 'llmgw-old-helm-'))
  await writeFile(join(folder, 'helm'), '#!/bin/sh\necho v3.9.0\n')
  await chmod(join(folder, 'helm'), 0o755)
  const settings = { ...stage.settings, components: { redis: { values: { haproxy: { timeout: { check: '3s' } } } } } }
  const way = await throughProxies(stage.connection, {}, settings)
  return {
    ...way,
    env: { ...way.env, PATH: `${folder}:${stage.env.PATH}` },
    close: async () => {
      await way.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const nothing = { make: async () => undefined }

/** What the platform stands on: AWS, the API server, the tools of this machine. */
export const surroundingWorlds: readonly World[] = [
  {
    ...fault({ service: 'secretsmanager', fault: 'expired' }),
    name: 'the AWS session has expired',
    command: 'diagnose secrets',
    exit: 3,
    code: 'AwsExpired',
    root: /the AWS credentials have expired/i,
    hint: /aws sso login/,
  },
  {
    ...fault({ service: 'iam', action: 'GetRole', fault: 'throttled' }),
    name: 'AWS throttles',
    command: 'diagnose irsa',
    exit: 3,
    code: 'AwsThrottled',
    root: /aws iam GetRole .* was throttled, also when repeated/,
  },
  {
    ...fault({ service: 'iam', action: 'GetRole', fault: 'failing' }),
    name: 'AWS fails',
    command: 'diagnose irsa',
    exit: 3,
    code: 'AwsUnreachable',
    root: /aws iam GetRole .*: AWS answers 500/,
  },
  {
    ...nothing,
    name: 'the token for the API server is no longer taken',
    through: proxied(() => ({ refuse: () => 401 })),
    command: 'diagnose redis',
    exit: 3,
    code: 'KubeUnauthorized',
    root: /the API server did not accept our credentials/,
  },
  {
    ...nothing,
    name: 'the API server goes away in the middle of a run',
    through: (stage) =>
      throughProxies(
        stage.connection,
        { kube: goesDown(/\/secrets/) },
        { ...stage.settings, components: { redis: { values: { extraLabels: { moved: 'once' } } } } },
      ),
    command: 'deploy redis',
    touches: /litellm\/(redis|sh\.helm\.release\.v1\.redis)|lease/i,
    exit: 1,
    code: 'KubeUnreachable',
    root: /API server/,
  },
  {
    ...nothing,
    name: 'a chart wants a newer Kubernetes than there is',
    through: chartForNewer,
    command: 'deploy redis',
    touches: /^$/,
    exit: 1,
    code: 'HelmVersionSkew',
    root: /the chart of release litellm\/redis wants Kubernetes >=1\.99\.0-0, and the cluster is v1\.35\.\d+/,
  },
  {
    ...nothing,
    name: 'helm is too old',
    through: oldHelm,
    command: 'deploy redis',
    touches: /^$/,
    exit: 3,
    code: 'HelmTooOld',
    root: /helm 4\.1\.0 or newer is needed, ".*helm" is 3\.9\.0/,
  },
]

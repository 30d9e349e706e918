import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { StepError } from '../../errors.ts'
import { type Api, connectApi } from '../control-plane/api.ts'
import { packageFile } from '../package-root.ts'
import type { Part, PartHealth, SandboxWorld } from '../part.ts'
import { databaseUrl } from './address.ts'

const NAMESPACE = 'sandbox-database'
const POD = `/api/v1/namespaces/${NAMESPACE}/pods/postgres-0`

/** A PostgreSQL beside the platform, as a platform team provides one on AWS; only where a real one can stand behind its Pod. */
export const databasePart: Part = {
  name: 'database',

  async start(world, report) {
    if (!has(world)) return
    const api = await connectApi(world)
    try {
      // Nobody waits for it here: it is there long before a gateway asks for it.
      if (await ensureObjects(api)) report(`database: PostgreSQL, for database.kind external (namespace ${NAMESPACE})`)
    } finally {
      api.close()
    }
  },

  async health(world): Promise<PartHealth> {
    if (!has(world)) return { state: 'idle', detail: 'no PostgreSQL: with database.kind external nothing would answer' }
    const api = await connectApi(world)
    try {
      const { status, text } = await api.call('GET', POD)
      if (status !== 200) return { state: 'down', detail: `pod ${NAMESPACE}/postgres-0 is not there` }
      const { host } = new URL(await databaseUrl())
      if (!isReady(JSON.parse(text))) return { state: 'down', detail: `pod ${NAMESPACE}/postgres-0 is not ready` }
      return {
        state: 'running',
        detail: `${world.programs?.postgres?.title} with pgvector, inside pods at ${host}`,
        pids: [],
      }
    } finally {
      api.close()
    }
  },

  // Its process is the runtime's, its objects end with the control plane.
  stop: async () => undefined,
}

const has = ({ programs }: SandboxWorld): boolean => programs?.postgres !== undefined

interface Conditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

const isReady = ({ status }: Conditions): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

interface KubeObject {
  readonly apiVersion: string
  readonly kind: keyof typeof PLURALS
  readonly metadata: { readonly namespace?: string }
}

const PLURALS = {
  Namespace: 'namespaces',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  Service: 'services',
  PersistentVolume: 'persistentvolumes',
  PersistentVolumeClaim: 'persistentvolumeclaims',
  StatefulSet: 'statefulsets',
} as const

/** Creates what is missing and leaves what is there; whether anything was created. */
async function ensureObjects(api: Api): Promise<boolean> {
  const text = await readFile(packageFile('sandbox', 'database', 'objects.yaml'), 'utf8')
  const { username, password, pathname } = new URL(await databaseUrl())
  const stringData = { POSTGRES_USER: username, POSTGRES_PASSWORD: password, POSTGRES_DB: pathname.slice(1) }
  let created = false
  for (const object of parse(text) as readonly KubeObject[]) {
    const whole = object.kind === 'Secret' ? { ...object, stringData } : object
    const { status, text: said } = await api.call('POST', pathOf(object), whole)
    if (status !== 201 && status !== 409) throw refused(object.kind, said)
    created ||= status === 201
  }
  return created
}

function pathOf({ apiVersion, kind, metadata: { namespace } }: KubeObject): string {
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  return `${group}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${PLURALS[kind]}`
}

function refused(kind: string, said: string): StepError {
  return new StepError('SandboxSeedRefused', `the sandbox's API server refused to create the ${kind} of its database`, {
    cause: said.slice(0, 500),
    hint: 'llmgw sandbox logs control-plane',
  })
}

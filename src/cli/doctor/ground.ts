import type { Finding } from '../../../steps/doctor/index.ts'
import { examineAccount, examineCluster, type Guarded } from '../guard.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import { clockFinding, credentialsFinding } from './machine.ts'
import { answered, type Question, type Reported } from './report.ts'

interface Ground {
  readonly findings: readonly Reported[]
  /** Account and cluster are the right ones, and a connection was made; whether the API server answers is a finding. */
  readonly guarded?: Guarded
}

export interface Place {
  readonly world: World
  readonly env: Host['env']
  readonly signal: AbortSignal
}

const unseen = (because: string): Finding => ({ result: 'could-not-look', evidence: `see ${because}` })

/** The guard, question by question: each has an answer, also where an earlier one was wrong. */
export async function askGround(place: Place): Promise<Ground> {
  const { world, env, signal } = place
  const found: { caller?: Guarded['caller']; place?: Omit<Guarded, 'kubeVersion'> } = {}
  const ask = (question: Question) => answered(question, signal)
  const credentials = await ask({
    id: 'credentials',
    title: 'AWS credentials',
    run: () => credentialsFinding(world, signal),
  })
  const account = await ask({
    id: 'account',
    title: 'AWS account',
    async run() {
      if (credentials.result === 'fail') return unseen('credentials')
      found.caller = await examineAccount(world, env, signal)
      return { result: 'pass', evidence: `${found.caller.accountId} as ${found.caller.arn}` }
    },
  })
  const clock = await ask({
    id: 'clock',
    title: 'Clock',
    run: async () => (found.caller === undefined ? unseen(account.id) : clockFinding(found.caller.skewMs)),
  })
  const cluster = await ask({
    id: 'cluster',
    title: 'EKS cluster',
    async run() {
      if (found.caller === undefined) return unseen(account.id)
      const active = await world.aws.eks.findCluster(world.loaded.config.cluster.name, signal)
      found.place = await examineCluster({ world, env, caller: found.caller }, active)
      return { result: 'pass', evidence: `${found.place.target.clusterArn} is ACTIVE` }
    },
  })
  let kubeVersion = ''
  const server = await ask({
    id: 'api-server',
    title: 'Kubernetes API server',
    async run() {
      if (found.place === undefined) return unseen(cluster.id)
      kubeVersion = await found.place.connection.kube.version(signal)
      return { result: 'pass', evidence: `Kubernetes ${kubeVersion}` }
    },
  })
  const findings = [credentials, account, clock, cluster, server]
  return found.place === undefined ? { findings } : { findings, guarded: { ...found.place, kubeVersion } }
}

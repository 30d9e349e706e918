import { aboutOf, type Rule } from './scene.ts'

interface PodSpec {
  readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[]
}

/** A pod that finds no node because one of its volumes is never made. */
export const lackingVolume: Rule = async (cause, { kube, readiness, signal }) => {
  if (cause.about?.kind !== 'Pod') return undefined
  const pod = await kube.find(cause.about, signal)
  const { volumes = [] } = (pod?.spec ?? {}) as PodSpec
  const claims = volumes.flatMap(({ persistentVolumeClaim: claim }) => (claim === undefined ? [] : [claim.claimName]))
  const { namespace } = cause.about
  const health = await readiness.look(
    claims.map((name) => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace })),
    signal,
  )
  const [sick] = health.flatMap((one) => (one.health === 'failed' ? [{ ...one.cause, about: aboutOf(one.ref) }] : []))
  return sick
}

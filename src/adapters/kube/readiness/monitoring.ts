import { conditionOf, count, progressing, READY, type Reader, statusOf } from './reader.ts'

/**
 * Ready when the Prometheus operator has taken up the newest spec and every pod of it is new and answers: until then the
 * StatefulSet that it makes is that of the spec before. Source: prometheus-operator, API reference, PrometheusStatus.
 */
export const operated: Reader = {
  needs: () => [],
  read(object) {
    const reconciled = conditionOf(object, 'Reconciled')
    if ((reconciled?.observedGeneration ?? 0) < (object.metadata.generation ?? 0))
      return progressing('waiting for its operator')
    if (reconciled?.status !== 'True') return progressing(`not taken up by its operator: ${reconciled?.message ?? ''}`)
    const status = statusOf(object)
    const wanted = count(status, 'replicas')
    const [updated, available] = [count(status, 'updatedReplicas'), count(status, 'availableReplicas')]
    if (updated >= wanted && available >= wanted && count(status, 'unavailableReplicas') === 0) return READY
    return progressing(`${available}/${wanted} ready${updated < wanted ? `, ${updated} updated` : ''}`)
  },
}

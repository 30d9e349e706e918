import { aboutOf, conditionOf, failed, progressing, READY, type Reader } from './reader.ts'

/** Ready when the API server serves the kind. */
export const definition: Reader = {
  needs: () => [],
  read(object) {
    const names = conditionOf(object, 'NamesAccepted')
    if (names?.status === 'False') {
      return failed({
        code: 'CrdNamesRejected',
        about: aboutOf(object),
        message: `CustomResourceDefinition ${object.metadata.name} is not served: its names are taken`,
        evidence: [names.message ?? names.reason ?? ''],
        hint: 'kubectl get crd',
      })
    }
    return conditionOf(object, 'Established')?.status === 'True' ? READY : progressing('waiting to be established')
  },
}

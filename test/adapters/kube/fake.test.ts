import { describeKubeContract } from '../../contracts/kube.ts'
import { fakeKube } from '../../fakes/fake-kube.ts'

describeKubeContract('fake', async () => {
  const kube = fakeKube({ strict: true })
  kube.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'contract' } })
  return {
    kube,
    namespace: 'contract',
    async applyAs(manager, object) {
      kube.applyAs(manager, object)
    },
    powerless: async () => fakeKube({ allows: () => false }),
  }
})

import type { KubeObject } from '../../src/ports/index.ts'
import { DEFAULT_CLASS, isDefaultClass, STORAGE_CLASS } from '../../src/ports/storage-class.ts'
import type { DoctorCheck, DoctorContext, Finding } from './finding.ts'

const EBS = 'ebs.csi.aws.com'

/** Volumes without a class get one, and somebody makes them. */
export const storageClass: DoctorCheck = {
  id: 'storage-class',
  title: 'Default StorageClass',
  asks: 'cluster',
  async run(ctx) {
    const [classes, drivers] = await Promise.all([
      ctx.kube.list(STORAGE_CLASS, ctx.signal),
      ctx.kube.list({ apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver' }, ctx.signal),
    ])
    const standard = classes.filter(isDefaultClass)
    const provisioner = standard.length > 0 ? standard[0]?.provisioner : EBS
    const hasDriver = drivers.some(({ metadata }) => metadata.name === EBS)
    if (provisioner === EBS && !hasDriver && (standard.length > 0 || ctx.config.storage.manage !== 'off'))
      return noDriver(ctx)
    return judge(ctx, standard)
  },

  // Only where there is nothing to choose: a claim without a class gets none today, and this one from then on.
  async repair({ kube, signal, config }) {
    if (config.storage.manage !== 'off') return undefined
    const classes = await kube.list(STORAGE_CLASS, signal)
    const [only, ...others] = classes
    if (only === undefined || others.length > 0 || isDefaultClass(only)) return undefined
    const { name } = only.metadata
    return {
      words: `mark StorageClass ${name}, the only one there is, as default`,
      run: async () =>
        void (await kube.patch({ ...STORAGE_CLASS, name }, { metadata: { annotations: { [DEFAULT_CLASS]: 'true' } } })),
    }
  },
}

const noDriver = ({ target }: DoctorContext): Finding => ({
  result: 'fail',
  evidence: `no CSIDriver ${EBS}: no volume would ever be made`,
  fix: `aws eks create-addon --cluster-name ${target.clusterName} --region ${target.region} --addon-name aws-ebs-csi-driver`,
})

function judge({ config }: DoctorContext, standard: readonly KubeObject[]): Finding {
  const names = standard.map(({ metadata, provisioner }) => `${metadata.name} (${String(provisioner)})`).join(', ')
  const { manage, className } = config.storage
  if (standard.length === 1) return { result: 'pass', evidence: names }
  if (standard.length > 1)
    return {
      result: 'warn',
      evidence: `${standard.length} classes are marked as default: ${names}; the newest is taken`,
      fix: `unmark the others: kubectl annotate storageclass NAME ${DEFAULT_CLASS}-`,
    }
  if (manage === 'off')
    return {
      result: config.cache.kind === 'none' ? 'skip' : 'fail',
      evidence: 'none, and storage.manage is off',
      fix: 'set storage.manage to create, or mark a class of the cluster as default',
    }
  return {
    result: manage === 'create' ? 'pass' : 'warn',
    evidence: `none: a deploy creates ${className} (storage.manage: ${manage})`,
    ...(manage === 'create' ? {} : { fix: 'set storage.manage to create to agree, or to off' }),
  }
}

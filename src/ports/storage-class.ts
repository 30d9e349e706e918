import type { KubeObject } from './kube.ts'

/** Classes of volumes. */
export const STORAGE_CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' } as const

/** The annotation that marks the class of claims that name none. Source: Kubernetes documentation, well-known annotations. */
export const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'

/** Whether claims that name no class get this one. */
export const isDefaultClass = ({ metadata }: KubeObject): boolean => metadata.annotations?.[DEFAULT_CLASS] === 'true'

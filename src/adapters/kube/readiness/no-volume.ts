import type { KubeObject } from '../../../ports/kube.ts'
import { isDefaultClass } from '../../../ports/storage-class.ts'

/** What no node of any size and no time helps against. Source: messages of the PersistentVolume controller. */
const NO_CLASS = /no storage class is set/i
const UNKNOWN_CLASS = /storageclass\S* "([^"]*)" not found/i

/** Whether `message` is about a class that is not there. */
export const aboutClass = (message: string): boolean => NO_CLASS.test(message) || UNKNOWN_CLASS.test(message)

/** Whether `message` says why a claim gets no volume, and it is still so: an event stays when its cause is gone. */
export function lacksClass(message: string, classes: readonly KubeObject[]): boolean {
  const unknown = UNKNOWN_CLASS.exec(message)?.[1]
  if (unknown !== undefined) return !classes.some(({ metadata }) => metadata.name === unknown)
  return NO_CLASS.test(message) && !classes.some(isDefaultClass)
}

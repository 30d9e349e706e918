import { setTimeout as sleep } from 'node:timers/promises'
import type { EventRecorder } from './events.ts'
import type { Pod, Volume } from './objects.ts'
import { Missing } from './sources.ts'
import { materialize, type VolumeHome } from './volumes.ts'

interface Mounting extends VolumeHome {
  readonly pod: () => Pod
  readonly events: EventRecorder
  readonly signal: AbortSignal
}

const AGAIN_MS = 1_000
const REFRESH_MS = 10_000
const REFRESH_TOKENS_MS = 30 * 60_000

/** Folder of each volume, once all are there; what is missing is said as an event, and waited for. */
export async function untilMounted(mounting: Mounting): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>()
  for (const volume of mounting.pod().spec.volumes ?? []) {
    folders.set(volume.name, await untilThere(mounting, volume))
  }
  return folders
}

async function untilThere(mounting: Mounting, volume: Volume): Promise<string> {
  const { pod, events, signal } = mounting
  for (;;) {
    signal.throwIfAborted()
    try {
      return await materialize(mounting, pod(), volume)
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`
      await events.warn(pod(), 'FailedMount', message).catch(() => undefined)
      await sleep(AGAIN_MS, undefined, { signal })
    }
  }
}

/** As a kubelet: changed ConfigMaps and Secrets reach the files of running Pods, and tokens are renewed long before they end. */
export async function keepFresh(mounting: Mounting): Promise<void> {
  const { pod, signal } = mounting
  let renewedAt = performance.now()
  while (!signal.aborted) {
    await sleep(REFRESH_MS, undefined, { signal }).catch(() => undefined)
    const renew = performance.now() - renewedAt > REFRESH_TOKENS_MS
    if (renew) renewedAt = performance.now()
    for (const volume of pod().spec.volumes ?? []) {
      // What was taken away meanwhile stays mounted.
      if (!signal.aborted && isDue(volume, renew)) await materialize(mounting, pod(), volume).catch(() => undefined)
    }
  }
}

function isDue({ persistentVolumeClaim, emptyDir, projected }: Volume, renew: boolean): boolean {
  if (persistentVolumeClaim !== undefined || emptyDir !== undefined) return false
  const hasToken = projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined) ?? false
  return renew || !hasToken
}

import { setTimeout as sleep } from 'node:timers/promises'

/** IAM shows a change everywhere "in seconds"; what is not visible by then, the engine's second check reports. */
const PAUSES_MS = [200, 400, 800, 1600, 3200, 3200]

/** Waits until a read shows what was written. Source: IAM user guide, "Changes that I make are not always immediately visible". */
export async function untilVisible(visible: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  for (const pause of PAUSES_MS) {
    if (await visible()) return
    await sleep(pause, undefined, signal === undefined ? {} : { signal })
  }
}

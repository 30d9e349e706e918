import type { LlmgwStep } from '../src/ports/index.ts'
import { KEY_SECRET } from './openwebui/key-names.ts'
import { acceptPassword, PASSWORD_SECRET } from './rotation/cache-password.ts'
import type { Consumer, Turn } from './rotation/consumers.ts'
import { acceptKey, withdrawKey } from './rotation/gateway-key.ts'
import { inUse } from './rotation/in-use.ts'
import { type Direction, newVersion, type Rotated } from './rotation/new-version.ts'
import { restart } from './rotation/restart.ts'
import { retire } from './rotation/retire.ts'
import { syncCopies } from './rotation/sync-copies.ts'

export type { Rotated } from './rotation/new-version.ts'

export interface Rotation {
  readonly secrets: readonly Rotated[]
  /** Workloads that read them, as found now. */
  readonly consumers: readonly Consumer[]
  /** `back`: the version before is made current again, and the new one is given up. */
  readonly direction: Direction
}

/**
 * A rotation as steps: new version, sync, restart of the consumers (those who check the value before those who present it,
 * or after them where they take both for a while), proof, end of the old version. Running Redis servers take the new password
 * before anybody presents it; what LiteLLM keeps itself it takes before the restarts and refuses after the proof. What is done shows in the version labels and in the annotations of pod templates, so that a rotation that was
 * stopped goes on where it was, or back.
 */
export function rotationSteps({ secrets, consumers, direction }: Rotation): readonly LlmgwStep<unknown>[] {
  const names = secrets.map(({ name }) => name)
  const versions = new Map(secrets.map((one) => [one.name, newVersion(one, direction)]))
  const password = versions.get(PASSWORD_SECRET)
  const told = password === undefined ? [] : [acceptPassword(password) as LlmgwStep<unknown>]
  const sync = syncCopies(names, [...versions.values()], told)
  const restarts = (turn: Turn, after: readonly LlmgwStep<unknown>[]) =>
    consumers
      .filter((consumer) => consumer.turn === turn)
      .map((consumer) => restart({ consumer, versions, after }) as LlmgwStep<unknown>)
  const kept = versions.get(KEY_SECRET)
  const accepted = kept === undefined ? [] : [acceptKey(kept) as LlmgwStep<unknown>]
  const first = restarts('first', [sync as LlmgwStep<unknown>])
  const between = restarts('between', [sync as LlmgwStep<unknown>, ...accepted, ...first])
  const last = restarts('last', [sync as LlmgwStep<unknown>, ...first, ...between])
  const restarted = [...first, ...between, ...last]
  const proof = inUse(names, versions, [sync as LlmgwStep<unknown>, ...accepted, ...restarted])
  const proven = proof as LlmgwStep<unknown>
  const withdrawn = kept === undefined ? [] : [withdrawKey(kept, [proven]) as LlmgwStep<unknown>]
  const ends = secrets.flatMap((one) => {
    const version = versions.get(one.name)
    return version === undefined ? [] : [retire(one, version, [proven, ...withdrawn])]
  })
  return [
    ...versions.values(),
    ...told,
    sync,
    ...accepted,
    ...restarted,
    proof,
    ...withdrawn,
    ...ends,
  ] as readonly LlmgwStep<unknown>[]
}

/** The step that only brings current values into the cluster. */
export const syncStep = (names: readonly string[]): LlmgwStep<unknown> => syncCopies(names, []) as LlmgwStep<unknown>

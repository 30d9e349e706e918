import { configurationDigest } from '../../config/digest.ts'
import type { ComponentState } from '../../engine/decide.ts'
import { PLAN_VERSION, type PlanDocument } from '../../ui/plan-schema.ts'
import { VERSION } from '../version.ts'
import type { Choice } from './components.ts'
import { jsonOfComponents } from './json-of-components.ts'
import { type OrphanLook, told } from './orphans.ts'
import type { Session } from './session.ts'

interface Found {
  readonly choice: Pick<Choice, 'named' | 'skipped'>
  readonly components: readonly ComponentState[]
  readonly orphans: OrphanLook
}

/** A plan as data: what was found, and everything that it holds for. */
export function planDocumentOf(session: Session, { choice, components, orphans }: Found): PlanDocument {
  const { config, options } = session.ctx
  return {
    kind: 'llmgw/plan',
    version: PLAN_VERSION,
    program: VERSION,
    createdAt: new Date(session.world.clock.now()).toISOString(),
    deployment: config.deployment,
    configuration: configurationDigest(config),
    scope: { named: choice.named, skipped: choice.skipped },
    look: { deep: session.request.flags.deep },
    options: { adopt: options.adopt, restoreSecrets: options.restoreSecrets },
    ...jsonOfComponents(session, components),
    differs: components.some(({ state }) => state !== 'current'),
    orphans: told(orphans),
  }
}

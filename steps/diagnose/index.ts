import type { Cause, Observation } from '../../src/engine/step.ts'
import type { LlmgwStep } from '../../src/ports/index.ts'
import { heldNamespace } from './namespace.ts'
import { noNode } from './nodes.ts'
import { lackingSource } from './pod.ts'
import { deadWebhook, whoRefuses } from './refusal.ts'
import { isHowLeft, releaseTrouble, whyLeft } from './release.ts'
import type { Rule, Scene } from './scene.ts'
import { rootOfStore, rootOfSync, syncOfSecret } from './secret.ts'
import { lackingVolume } from './volume.ts'

/** What is wrong with a step, down to where it begins. */
export interface Diagnosis {
  readonly step: string
  readonly component: string
  readonly state: Observation['state']
  /** From the symptom to the root; the last one is the answer. */
  readonly causes: readonly [Cause, ...Cause[]]
}

/** Each leads one link further down; the first that leads anywhere is taken. */
const RULES: readonly Rule[] = [
  whoRefuses,
  deadWebhook,
  lackingVolume,
  noNode,
  lackingSource,
  syncOfSecret,
  rootOfSync,
  rootOfStore,
  heldNamespace,
]

/** Longer chains than this go in a circle. */
const DEEPEST = 8

/**
 * Why these steps do not work, in their order. One that merely differs from what is wanted, or is not there, is not sick.
 */
export async function diagnose(steps: readonly LlmgwStep<unknown>[], scene: Scene): Promise<readonly Diagnosis[]> {
  const found: Diagnosis[] = []
  for (const step of steps) {
    const seen = scene.observations.get(step.id)
    if (seen === undefined) continue
    const symptom = await symptomOf(step, seen, scene)
    if (symptom === undefined) continue
    const { id, component } = step
    found.push({ step: id, component, state: seen.state, causes: await deepened(symptom, scene) })
  }
  return found
}

async function symptomOf(step: LlmgwStep<unknown>, seen: Observation, scene: Scene): Promise<Cause | undefined> {
  switch (seen.state) {
    case 'unknown':
      return seen.cause
    case 'broken':
      return isHowLeft(seen.cause) ? await whyLeft(step, seen.cause, scene) : seen.cause
    case 'settling':
    case 'current':
    case 'drifted':
      return await releaseTrouble(step, scene)
    default:
      return undefined
  }
}

async function deepened(symptom: Cause, scene: Scene): Promise<readonly [Cause, ...Cause[]]> {
  const causes: [Cause, ...Cause[]] = [symptom]
  let last = symptom
  while (causes.length < DEEPEST) {
    const deeper = await deeperThan(last, scene)
    if (deeper === undefined || causes.some(({ message }) => message === deeper.message)) break
    causes.push(deeper)
    last = deeper
  }
  return causes
}

async function deeperThan(cause: Cause, scene: Scene): Promise<Cause | undefined> {
  for (const rule of RULES) {
    const deeper = await rule(cause, scene)
    if (deeper) return deeper
  }
  return undefined
}
